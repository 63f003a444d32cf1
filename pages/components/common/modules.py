"""A component's JavaScript modules as the one text that Streamlit takes.

Streamlit serves a folder of modules only for an installed package; an app that runs from its folder gives text. So the
text holds the modules as they are, compressed, since it goes with every change of a component's data; ``loader.js`` gives
each an address in the browser.
"""

import gzip
import json
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

_IMPORTED = re.compile(r'(?<=\bfrom ")\.{1,2}/[^"]+(?=";)|(?<=^import ")\.{1,2}/[^"]+(?=";)', re.MULTILINE)
_LOADER = Path(__file__).with_name("loader.js")


def modules(entry: Path) -> list[tuple[str, str]]:
    """A module and all that it imports, each after those that it imports itself.

    Args:
        entry: the module that nothing imports.

    Returns:
        The version (name and hash) and the source of each; in the sources, imports name versions. A version changes with
        the source and with every version that it imports.

    Raises:
        FileNotFoundError: if an imported file is not there.
        ValueError: if modules import each other in a circle.
    """
    versions: dict[Path, tuple[str, str]] = {}

    def add(path: Path, importers: tuple[Path, ...]) -> str:
        if path in importers:
            raise ValueError(
                f"Modules import each other in a circle: {' -> '.join(p.name for p in (*importers, path))}"
            )
        if path not in versions:
            source = _IMPORTED.sub(
                lambda imported: add((path.parent / imported[0]).resolve(), (*importers, path)), path.read_text("utf-8")
            )
            version = f"asd:{path.parent.name}/{path.name}@{sha256(source.encode()).hexdigest()[:12]}"
            versions[path] = version, source
        return versions[path][0]

    add(entry.resolve(), ())
    return list(versions.values())


def script(entry: Path) -> str:
    """The text for Streamlit: its default export is that of the entry module."""
    loader = _LOADER.read_text("utf-8")
    # Without a time in it, so that the same modules are the same text.
    packed = b64encode(gzip.compress(json.dumps(modules(entry)).encode(), mtime=0)).decode()
    return f'{loader}\nexport default await load("{packed}");\n'
