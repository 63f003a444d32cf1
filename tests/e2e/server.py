"""A Streamlit server whose process is forked from one that has imported the libraries: most of what a start takes."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from benchmarks import browser
from tests.forked import CONTEXT


def _run(command: list[str], folder: str, environment: dict[str, str]) -> None:
    from streamlit.web import cli

    from asd_core.settings import get_settings

    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path[:0] = environment.get("PYTHONPATH", "").split(os.pathsep)
    get_settings.cache_clear()
    cli.main(command)


class _Process:
    """A process with the acts of :class:`subprocess.Popen`."""

    def __init__(self, process: Any) -> None:
        self._process = process
        self.terminate, self.kill, self.wait = process.terminate, process.kill, process.join

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self._process.pid, number)


class serve(browser.serve):
    """As :class:`benchmarks.browser.serve`, in a fraction of the time. Tests of a start take that one."""

    def start(self, command: list[str], folder: Path, environment: dict[str, str]) -> Any:
        # A module that is imported again because somebody edits it meanwhile is another one than the server's routes know.
        environment = {"STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none", **environment}
        process = CONTEXT.Process(target=_run, args=(command, str(folder), environment))
        process.start()
        return _Process(process)
