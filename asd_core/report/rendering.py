"""The templates, and what they need: of the report (HTML) and of the generated documents (Markdown)."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asd_core.counting import computable, percent
from asd_core.detectors import is_control
from asd_core.report import layout

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template: str, **content: Any) -> str:
    """A template beside this file, filled in."""
    return _environment().get_template(template).render(content)


@cache
def _environment() -> "Environment":
    """Everything that is put into HTML is escaped: names and titles come from users."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=lambda name: name is None or not name.endswith(".md.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    names = ("figure", "shade", "whisker", "words", "opening", "settings")
    environment.filters |= {name: getattr(layout, name) for name in names} | {"percent": percent}
    environment.tests |= {"control": is_control, "computable": computable}
    return environment
