"""Pages are built in one direction: an entry draws on its own folder, on components and on what is shared; nothing looks back.
The presentation alone draws on other pages' folders: it tells these pages in order, and must not say it in other words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT

PAGES = ROOT / "pages"
TELLING, TOLD = ("present", "present_page"), ("clip_page", "compare_page")


def modules() -> dict[str, Path]:
    """Dotted name -> file of everything under ``pages/``."""
    found = {}
    for path in sorted(PAGES.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(source: str, known: set[str]) -> Iterator[str]:
    """Modules of ``pages`` that a source imports, also inside functions and for types alone."""
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.split(".")[0] == "pages":
                yield name if name in known else name.rpartition(".")[0]


def may_import(module: str, other: str) -> bool:
    """Whether the order allows an import."""
    here, there = module.split("."), other.split(".")
    if there[1:2] == ["shared"]:
        return True
    if there[1:2] == ["components"]:
        return here[1] != "shared"
    if here[1] in ("shared", "components"):
        return False
    if here[1] in TELLING:
        return there[1] in TOLD or there[1] == TELLING[1]
    own = here[1] if here[1].endswith("_page") else f"{here[1]}_page"
    return there[1:2] == [own]


def circles(graph: dict[str, set[str]]) -> set[str]:
    """Modules that take part in a circle of imports or lie between two."""
    left = {name: set(others) for name, others in graph.items()}
    while leaves := [name for name, others in left.items() if not others & left.keys()]:
        for name in leaves:
            del left[name]
    return set(left)


def test_imports_follow_the_order() -> None:
    known = modules()
    wrong = [
        f"{module} imports {other}"
        for module, path in known.items()
        for other in imported(path.read_text("utf-8"), set(known))
        if not may_import(module, other)
    ]
    assert wrong == []


def test_no_circle_at_any_depth() -> None:
    known = modules()
    graph = {name: set(imported(path.read_text("utf-8"), set(known))) - {name} for name, path in known.items()}
    assert circles(graph) == set()


def test_the_checks_see_what_they_forbid() -> None:
    late = "if TYPE_CHECKING:\n    from pages.shared.sidebar import Choice\ndef f():\n    import pages.shared.library\n"
    assert set(imported(late, {"pages.shared.sidebar", "pages.shared.library"})) == {
        "pages.shared.sidebar",
        "pages.shared.library",
    }
    assert not may_import("pages.shared.open_clip", "pages.clip_page.picker")
    assert not may_import("pages.compare_page.truth", "pages.label_page.who")
    assert not may_import("pages.shared.signals", "pages.components.player")
    assert not may_import("pages.compare", "pages.clip_page.picker")
    assert may_import("pages.compare", "pages.compare_page.truth")
    assert may_import("pages.present_page.story", "pages.clip_page.picker")
    assert not may_import("pages.present_page.story", "pages.label_page.who")
    assert not may_import("pages.clip_page.picker", "pages.present_page.story")
    assert may_import("pages.components.score_table", "pages.shared.choice")
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == {"a", "b", "c", "d"}
    assert circles({"a": {"b"}, "b": set()}) == set()


def test_what_is_shared_is_used_by_two_pages_or_the_app() -> None:
    """What one page alone uses lies beside it."""
    known = modules()
    users: dict[str, set[str]] = {name: set() for name in known if name.startswith("pages.shared.")}
    graph = {name: set(imported(path.read_text("utf-8"), set(known))) for name, path in known.items()}
    graph["app"] = graph.pop("pages.main")
    for start in graph:
        page = start.removeprefix("pages.").split(".")[0].removesuffix("_page")
        if page in ("pages", "shared", TELLING[0]):  # who draws what two others draw is no second user
            continue
        reached, todo = set(), [start]
        while todo:
            for other in graph.get(todo.pop(), set()) - reached:
                reached.add(other)
                todo.append(other)
        for name in reached & users.keys():
            users[name].add(page)
    assert {name: pages for name, pages in users.items() if len(pages) < 2 and pages != {"app"}} == {}


WRITING = re.compile(
    r"import_recordings|use_folder|(rename|delete)_dataset|update_dataset_file|add_(to_new_dataset|recording)|pin_detector|use_version|"
    r"forget_download|shutil\.rmtree|jobs\.(start|cancel)|label_store\(\)\.(add|undo|set_classes)|plan\.apply"
)


def calls(node: ast.AST, name: str) -> bool:
    return any(isinstance(one, ast.Call) and ast.unparse(one.func).endswith(name) for one in ast.walk(node))


def unasked(node: ast.AST, asked: bool = False) -> Iterator[str]:
    """What a module stores outside a block of ``acting`` and a function that calls ``need``."""
    if isinstance(node, ast.FunctionDef):
        asked = calls(node, "need")
    elif isinstance(node, ast.With):
        asked = asked or any(calls(item, "acting") for item in node.items)
    elif isinstance(node, ast.Call) and not asked and WRITING.fullmatch(ast.unparse(node.func)):
        yield ast.unparse(node.func)
    for child in ast.iter_child_nodes(node):
        yield from unasked(child, asked)


def test_whatever_stores_something_asks_for_a_role() -> None:
    """A greyed-out button is no lock."""
    found = {path.name: list(unasked(ast.parse(path.read_text("utf-8")))) for path in PAGES.rglob("*.py")}
    # Both are in one function, which another one calls that asks.
    assert {name: done for name, done in found.items() if done} == {
        "add_to_dataset.py": ["add_to_new_dataset", "add_recording"]
    }


def test_files_of_figures_against_peoples_labels_say_so() -> None:
    """So that the audit log has who took them."""
    calls = [
        (path.name, {keyword.arg for keyword in node.keywords})
        for path in sorted((PAGES / "compare_page").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "download"
    ]
    assert len(calls) >= 7
    assert [name for name, given in calls if "labels_of" not in given] == []


def test_no_two_classes_have_one_name() -> None:
    places: dict[str, list[str]] = {}
    for folder in ("asd_core", "pages"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
