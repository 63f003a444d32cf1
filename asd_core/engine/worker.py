"""The other side of :class:`asd_core.engine.Processes`: ``python -m asd_core.engine.worker FILE_NUMBER`` does what it is sent
until nobody is there to send any more."""

import os
import sys
import traceback
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any

from asd_core.errors import AsdError


def serve(connection: "Connection[Any, Any]") -> None:
    """Call functions, and answer with an error or a result."""
    while True:
        try:
            function, item = connection.recv()
        except (EOFError, ConnectionError):
            return
        except Exception as error:  # a function that cannot be found here
            answered: tuple[Exception | None, Any] = (_with_traceback_note(error), None)
        else:
            answered = answer(function, item)
        try:
            connection.send(answered)
        except ConnectionError:
            return
        except Exception as error:  # a result, or an error, that cannot be sent
            connection.send((RuntimeError(f"{type(error).__name__}: {error}"), None))


def answer(function: Any, item: Any) -> tuple[Exception | None, Any]:
    """What a function gives of an item, after its error or ``None``."""
    try:
        return None, function(item)
    except Exception as error:
        return _with_traceback_note(error), None


def _with_traceback_note(error: Exception) -> Exception:
    """An error with its traceback as a note, since the traceback itself is not sent; errors for users need none."""
    if not isinstance(error, AsdError):
        error.add_note("".join(traceback.format_exception(error)))
    return error


def _end_with_parent() -> None:
    """End this process when standard input closes: the parent ended it, or ended itself in whatever way."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    Thread(target=_end_with_parent, daemon=True).start()
    serve(Connection(int(sys.argv[1])))
