"""The command line, put together: ``asd …`` or ``python -m asd_core …``. It calls the same functions as the pages.

Heavy imports happen inside the commands, so that ``--help`` answers at once.
"""

import errno
import os
import sys
import traceback
from pathlib import Path

import typer
from typer.exceptions import TyperException

from asd_core.cli.audit import audit
from asd_core.cli.backup import backup, restore
from asd_core.cli.demo import simulate
from asd_core.cli.detectors import cards, detectors
from asd_core.cli.download import download
from asd_core.cli.evaluate import evaluate, overlap, report, results
from asd_core.cli.experiments import experiment, study, supervise, worth
from asd_core.cli.inspect import inspect
from asd_core.cli.labels import labels
from asd_core.cli.output import notify, reporter
from asd_core.cli.pretrained import pretrained
from asd_core.cli.real import results_real
from asd_core.cli.reproduce import reproduce
from asd_core.cli.score import score, scores, timing
from asd_core.cli.space import latents, thumbnails, umap, umaps
from asd_core.cli.train import evidence, reference, seeds, train, versions
from asd_core.engine import use_engine
from asd_core.errors import WAS_STOPPED, AsdError, reason_of
from asd_core.files import file_in_the_way
from asd_core.jobs import STOPPED

# A disk's state, not a fault of ours
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM)
IN_THE_WAY = (errno.ENOTDIR, errno.EEXIST)  # a file where a folder is expected

app = typer.Typer(
    help="Anomalous-sound detectors side by side: train on normal sound, score, evaluate.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
# In the order in which --help lists them.
for command in (
    *(detectors, simulate, inspect, train, score, evaluate, scores, timing, results, reference, evidence),
    *(
        overlap,
        versions,
        seeds,
        experiment,
        study,
        supervise,
        worth,
        report,
        latents,
        thumbnails,
        umap,
        umaps,
        cards,
        download,
        reproduce,
        results_real,
        backup,
        restore,
        audit,
    ),
):
    app.command()(command)
app.add_typer(labels, name="labels")
app.add_typer(pretrained, name="pretrained")


def main() -> int:
    """Run a command. Bad use ends with exit code 2 and one sentence; what was done in part, and a fault of ours, with 1; an interrupt
    with 130."""
    try:
        code = _run()
    except Exception:
        traceback.print_exc()
        code = 1
    use_engine(None)  # which ends its processes
    reporter.ended(code)
    return code


def _run() -> int:
    try:
        code = app(standalone_mode=False)  # of typer.Exit; None when all was done
        if code == STOPPED:  # typer turns an interrupt into this code
            raise KeyboardInterrupt
    except TyperException as error:
        notify(error.format_message().replace("\n", " ") if sys.argv[1:] else error.format_message())
        return 2 if sys.argv[1:] else 0
    except (typer.Abort, KeyboardInterrupt):
        notify(WAS_STOPPED)
        return STOPPED
    except AsdError as error:
        notify(str(error))
        return 2
    except OSError as error:
        if not (reason := _unusable(error)):
            raise
        notify(reason)
        return 2
    return int(code or 0)


def _unusable(error: OSError) -> str:
    """What is wrong with a place on the disk and what to do, in a sentence; empty where an error is a fault of ours."""
    where, number = error.filename, error.errno
    if number in UNWRITABLE:
        return (
            f"{where or 'A folder that this writes to'} cannot be written ({reason_of(error)}): make room, or name another folder. "
            "What was finished is kept."
        )
    if not where:
        return ""
    if number in FORBIDDEN:
        return (
            f"{where} cannot be opened ({reason_of(error)}): change who may read and write it, or name another place."
        )
    if number == errno.EISDIR:
        return f"{where} is a folder where a file is expected: name a file, or move the folder away."
    if number in IN_THE_WAY:
        path = Path(os.fsdecode(where))
        return f"{file_in_the_way(path) or path} is a file where a folder is expected: name a folder, or move the file away."
    return ""
