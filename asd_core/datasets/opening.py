"""A dataset by its address: the demo, or a folder of recordings."""

from pathlib import Path

from asd_core.datasets.catalogue import Dataset


def open_dataset(where: str | Path) -> Dataset:
    """The demo (``"demo"``), or a folder in one of the known layouts.

    Raises:
        DatasetError: when the folder does not exist or holds no clip in a known layout.
    """
    if str(where) == "demo":
        from asd_core.datasets.rendered import demo_dataset

        return demo_dataset()
    from asd_core.datasets.layouts import folder_dataset

    return folder_dataset(Path(where))
