"""Folders that were understood as machine types and are the machines of one: ``compressor_A`` and ``compressor_B``.

Only people know: ``fan`` and ``pump`` look the same, and one network for both would learn neither well.
"""

import re
from itertools import takewhile

from asd_core.datasets.answers import Answer
from asd_core.datasets.folder_survey import Survey
from asd_core.datasets.plain_folders import PLAIN_ID


def as_one_type(surveyed: Survey) -> tuple[str, list[Answer]]:
    """What makes all machine types the machine ids of one type, also those without a normal recording: anomalies alone are of a
    machine, too.

    Returns:
        The name of the type, what all their names begin with or ``machine``, and an answer for each group of names.
    """
    types = sorted(surveyed.catalogue["machine_type"].unique())
    same = "".join(
        letters[0] for letters in takewhile(lambda letters: len(set(letters)) == 1, zip(*types, strict=False))
    )
    begins = re.match(r"(.*[^ _-])[ _-]+", same)  # whole words: compressor_ of compressor_Aft and compressor_All
    if begins and any(len(one) == len(begins[0]) for one in types):
        begins = None
    name = begins[1] if begins else "machine"
    ids = {one: one[len(begins[0]) :] if begins else one for one in types}
    return name, [
        {
            "pattern": group.pattern,
            "machine_type": name,
            "machine_id": "-".join([ids[group.row["machine_type"]], *_more_than_plain(group.row["machine_id"])]),
        }
        for group in surveyed.groups
        if group.row
    ]


def _more_than_plain(machine_id: str) -> list[str]:
    return [machine_id] if machine_id != PLAIN_ID else []
