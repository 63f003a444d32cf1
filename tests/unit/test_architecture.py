"""Rules of the house that a reader would otherwise have to check by eye."""

import ast
import re
import subprocess
import sys
from pathlib import Path

from asd_core.errors import reason_of
from tests.conftest import ROOT

LIBRARY = sorted((ROOT / "asd_core").rglob("*.py"))
PAGES = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def offenders(paths: list[Path], modules: set[str]) -> dict[str, set[str]]:
    """Files that import one of these modules, and which."""
    return {str(p.relative_to(ROOT)): both for p in paths if (both := imports(p) & modules)}


def test_the_product_imports_no_benchmark_and_no_test() -> None:
    assert offenders(LIBRARY + PAGES, {"benchmarks", "tests"}) == {}


def test_library_never_imports_the_dashboard() -> None:
    assert offenders(LIBRARY, {"streamlit", "pages", "app"}) == {}


def test_nothing_unsafe_is_imported() -> None:
    assert offenders(LIBRARY + PAGES, {"pickle", "joblib", "dill", "shelve"}) == {}


def test_nothing_unsafe_is_called() -> None:
    """A published checkpoint is read as weights alone, in a process of its own; TorchScript is code, and is loaded when its
    checksum is right."""
    unsafe = re.compile(
        r"torch\.load\((?!io\.BytesIO\(checkpoint\), map_location=\"cpu\", weights_only=True\))|(?<![\w.])(eval|exec)\("
    )
    assert [str(p.relative_to(ROOT)) for p in LIBRARY + PAGES if unsafe.search(p.read_text("utf-8"))] == []
    inside = "asd_core/features/pretrained"
    assert matches(r"torch\.load\(", LIBRARY + PAGES) == {f"{inside}/checkpoint.py"}
    assert matches(r"jit\.load\(", LIBRARY + PAGES) == {f"{inside}/runtime.py"}


def test_pages_hold_no_numerics() -> None:
    assert offenders(PAGES, {"scipy", "sklearn", "torch", "librosa", "noisereduce", "sqlalchemy"}) == {}


def matches(pattern: str, paths: list[Path]) -> set[str]:
    """Files in whose code a pattern is found."""
    return {str(p.relative_to(ROOT)) for p in paths if re.search(pattern, p.read_text("utf-8"))}


def test_pages_use_streamlits_public_interface() -> None:
    """Whatever else is imported from it may change in any version."""
    inside = (
        r"streamlit\.(runtime|elements|web|proto)|from streamlit import .*\bruntime\b|scriptrunner|get_script_run_ctx"
    )
    # The load test speaks the protocol itself: no public name has it, and a version that changes it fails the test.
    protocol = {"benchmarks/client.py"}
    assert matches(inside, [*PAGES, *sorted((ROOT / "benchmarks").rglob("*.py"))]) == protocol


def test_caches_and_threads_are_decided_in_one_place_each() -> None:
    product = [p for p in PAGES if p.name != "test_page.py"]
    assert matches(r"(max_entries|maxsize|max_size|LRUCache)\s*[=(]\s*\d|lru_cache|cachetools", product) == {
        "pages/shared/caching.py"
    }
    assert matches(r"threading\.Thread\(|ThreadPoolExecutor|import Thread\b", product) == {"pages/shared/background.py"}


def test_the_reason_of_an_error_is_taken_in_one_place() -> None:
    library = sorted((ROOT / "asd_core").rglob("*.py"))
    assert matches(r"(?<!os)\.strerror|[\"']strerror", [*library, *PAGES]) == {"asd_core/errors.py"}
    assert reason_of(FileNotFoundError(2, "No such file or directory", "labels.csv")) == "No such file or directory"
    assert reason_of(OSError("the address does not answer")) == "the address does not answer"
    assert reason_of(ValueError("no TOML")) == "no TOML"


def test_importing_the_library_is_light() -> None:
    """The first page needs these modules; none may drag in what takes seconds to import."""
    code = (
        "import sys, asd_core.datasets, asd_core.scoring.clip, asd_core.report.results_page, asd_core.plots.signal, asd_core.plots.score_histogram, asd_core.cli.app\n"
        "asd_core.datasets.demo_dataset().catalogue\n"
        "print([m for m in ('torch', 'scipy', 'sklearn', 'librosa', 'noisereduce', 'umap', 'numba', 'sqlalchemy') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_every_detector_and_command_is_documented() -> None:
    from asd_core.cli.app import app
    from asd_core.detectors import detector_keys
    from asd_core.settings import Settings

    docs = (ROOT / "README.md").read_text("utf-8") + "".join(p.read_text("utf-8") for p in (ROOT / "docs").glob("*.md"))
    for key in detector_keys(optional=True):
        assert f"`{key}`" in docs, key
    for command in app.registered_commands:
        assert command.callback is not None
        name = command.name or command.callback.__name__.replace("_", "-")  # as typer names it
        assert f"asd_core {name}" in docs, name
    for group in app.registered_groups:
        assert group.typer_instance is not None
        for command in group.typer_instance.registered_commands:
            assert command.callback is not None
            name = command.name or command.callback.__name__
            assert f"asd_core {group.name} {name}" in docs, name
    for source in (ROOT / "asd_core" / "cli").glob("*.py"):
        for option in set(re.findall(r'"(--[a-z-]+)"', source.read_text("utf-8"))):
            assert option in docs, option
    for page in set((ROOT / "pages").glob("[a-z]*.py")) - {ROOT / "pages" / "main.py"}:
        assert page.stem.replace("_", " ").capitalize() in docs, page
    for name in Settings.model_fields:
        assert f"ASD_{name.upper()}" in docs, name
