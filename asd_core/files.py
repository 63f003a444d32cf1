"""Files that are written whole or not at all."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def write_parquet(table: "pd.DataFrame", path: Path) -> None:
    """Atomic: a reader in another process sees the old table or the new one, and two writers never share a file."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    os.close(handle)
    try:
        table.to_parquet(temporary, index=False, compression="zstd")
        os.chmod(temporary, 0o644)  # mkstemp's own mode would hide it from other users
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
