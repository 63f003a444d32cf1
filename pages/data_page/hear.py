"""Listen to a few recordings of a dataset."""

from collections.abc import Callable, Sequence

import streamlit as st

from asd_core.errors import AsdError
from asd_core.sound import Clip, prepare, wav_bytes

TO_HEAR = 5


def hear(clip_ids: Sequence[str], read: Callable[[str], Clip]) -> None:
    """The first :data:`TO_HEAR` recordings, each with its name; a sentence in place of one that cannot be read."""
    for clip_id in clip_ids[:TO_HEAR]:
        try:
            clip = prepare(read(clip_id))
        except AsdError as error:
            st.caption(str(error))
            continue
        st.caption(clip_id)
        st.audio(wav_bytes(clip.samples, clip.sample_rate), format="audio/wav")
