"""Data flows through the stations in one direction, and imports point against it: no circle, at any depth."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT

# What lies at the root comes first; then the stations along the sound's path. A station imports from those before it.
ROOM = (
    "errors",
    "settings",
    "progress",
    "lazy",
    "files",
    "addresses",
    "mirrored",
    "parts",
    "on_disk",
    "disk_cache",
    "database",
    "schema",
    "shared_jobs",
    "jobs",
    "markdown",
    "csv_text",
    "counting",
    "roles",
    "audit",
)
STATIONS = (
    "engine",  # no station of the sound: where the others' work is done
    "sound",
    "features",
    "datasets",
    "evaluation",
    "detectors",
    "artifacts",
    "scoring",
    "explain",
    "training",
    "space",
    "labels",
    "backup",
    "experiments",
    "plots",
    "report",
    "cli",
)
FACE = "api"  # what `from asd_core import …` offers: it uses every station, and none of them uses it
ORDER = (*ROOM, *STATIONS, FACE)


def imported(source: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything of the library that a module imports, also inside functions and for types."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "asd_core":
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, a.name) for a in node.names if a.name.split(".")[0] == "asd_core")


def backwards(station: str, source: str) -> list[str]:
    """Imports of a module that point along the flow instead of against it."""
    found = []
    for line, name in imported(source):
        other = name.split(".")[1]
        if other in ORDER and other != station and ORDER.index(other) > ORDER.index(station):
            found.append(f"line {line}: {station} imports {name}")
    return found


def test_a_station_imports_only_from_stations_before_it() -> None:
    wrong = []
    for path in sorted((ROOT / "asd_core").rglob("*.py")):
        station = path.relative_to(ROOT / "asd_core").with_suffix("").parts[0]
        if not station.startswith("__"):
            wrong += [f"{path.relative_to(ROOT)}, {one}" for one in backwards(station, path.read_text("utf-8"))]
    assert wrong == []


# Modules that are imported by their own name from other stations and from the pages, each with the reason.
LET_IN = {
    "detectors": "a detector's own file: it is loaded where that detector is meant, and nothing lists what it holds",
    "datasets.slide_rail": "the simulator: its files stay byte for byte, so it keeps the names it has",
    "experiments.command": "the steps of one command, which is all that calls them",
    "plots.colours": "a palette: its constants say what they are by `colours.` before them",
}


def past_the_package(station: str, source: str) -> list[str]:
    """Imports that reach into another station's module instead of naming what its package gives."""
    found = []
    for line, name in imported(source):
        parts = name.split(".")[1:]
        if len(parts) < 2 or parts[0] == station or not (ROOT / "asd_core" / parts[0]).is_dir() or parts[0] == "cli":
            continue
        module = (ROOT / "asd_core" / parts[0] / parts[1]).with_suffix(".py").is_file() or len(parts) > 2
        if module and not {parts[0], ".".join(parts[:2])} & LET_IN.keys():
            found.append(f"line {line}: {name}")
    return found


def test_other_stations_are_imported_from_their_package() -> None:
    wrong = []
    for path in [*(ROOT / "asd_core").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), ROOT / "app.py"]:
        inside = path.relative_to(ROOT).parts
        station = inside[1] if inside[0] == "asd_core" else ""
        wrong += [f"{path.relative_to(ROOT)}, {one}" for one in past_the_package(station, path.read_text("utf-8"))]
    assert wrong == []


def test_a_name_past_the_package_is_seen() -> None:
    assert past_the_package("report", "from asd_core.scoring.store import read_scores\n")
    assert past_the_package("", "def f():\n    from asd_core.scoring import store\n")
    assert past_the_package("", "import asd_core.scoring.store\n")
    assert not past_the_package("scoring", "from asd_core.scoring.store import read_scores\n")
    assert not past_the_package("report", "from asd_core.scoring import read_scores\n")
    assert not past_the_package("report", "from asd_core.detectors.fusion import Fusion\n")


def test_the_order_is_seen_inside_functions_and_type_checks() -> None:
    late = "def f():\n    from asd_core.plots import colours\n"
    typed = "if TYPE_CHECKING:\n    from asd_core.training import train\n"
    assert backwards("scoring", late)
    assert backwards("sound", typed)
    assert not backwards("plots", "from asd_core.scoring import ModelSet\n")


def test_modules_of_a_station_import_each_other_in_no_circle() -> None:
    for station in STATIONS:
        folder = ROOT / "asd_core" / station
        modules = {path.stem: path for path in folder.glob("*.py") if path.stem != "__init__"}
        graph = {
            name: {
                parts[2]
                for _, dotted in imported(path.read_text("utf-8"))
                if (parts := dotted.split("."))[1] == station and len(parts) > 2 and parts[2] in modules
            }
            for name, path in modules.items()
        }
        while leaves := [name for name, others in graph.items() if not others & graph.keys()]:
            for name in leaves:
                del graph[name]
        assert graph == {}, station


def test_every_folder_of_the_library_is_a_station() -> None:
    folders = {p.name for p in (ROOT / "asd_core").iterdir() if p.is_dir() and p.name != "__pycache__"}
    files = {p.stem for p in (ROOT / "asd_core").glob("*.py")} - {"__init__", "__main__"}
    assert folders == set(STATIONS)
    assert files == {*ROOM, FACE}


def test_every_station_names_what_it_gives() -> None:
    import importlib

    for station in STATIONS:
        module = importlib.import_module(f"asd_core.{station}")
        assert "May import" in (module.__doc__ or "") or station == "cli", station
        for name in getattr(module, "__all__", ()):
            assert getattr(module, name) is not None, f"{station}.{name}"


def test_the_library_knows_no_screen(tmp_path: Path) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in sorted((ROOT / "asd_core").rglob("*.py"))
        for word in ("streamlit", "data-testid", ".st-key")
        if word in path.read_text("utf-8")
    ]
    assert wrong == []


def test_no_detector_imports_another_ones_file() -> None:
    shared = {"base", "common", "registry"}
    wrong = [
        f"{path.name}: {name}"
        for path in sorted((ROOT / "asd_core" / "detectors").rglob("*.py"))
        for _, name in imported(path.read_text("utf-8"))
        if name.startswith("asd_core.detectors.") and name.split(".")[2] not in shared
    ]
    assert wrong == []
