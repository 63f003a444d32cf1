"""What the person in this session may do, and the line in the audit log of what they do.

A button that somebody may not press is greyed out and says why; the act itself asks again, since a tab may be old and a
message forged.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import streamlit as st

from asd_core.errors import AsdError, RoleError
from asd_core.roles import Role, refusal, role_of
from asd_core.settings import get_settings
from pages.shared.annotator import has_login, login_address, login_identity

if TYPE_CHECKING:
    from asd_core.audit import ActName, AuditEntry


def role() -> Role:
    """The role of who is here."""
    return role_of(login_address(), get_settings())


def lacking(needed: Role) -> str:
    """Why they may not do what a role may; empty where they may."""
    return refusal(needed, role(), get_settings(), can_log_in=has_login() and not login_identity())


def may(needed: Role) -> bool:
    """Whether they may do what a role may."""
    return role() >= needed


def need(needed: Role) -> None:
    """Go no further where they may not.

    Raises:
        RoleError: with the sentence that the page shows.
    """
    if why := lacking(needed):
        raise RoleError(why)


def button(label: str, needed: Role, *, disabled: bool = False, help: str | None = None, **more: Any) -> bool:
    """``st.button`` for those who may; for others it is greyed out, and its tooltip says why."""
    why = lacking(needed)
    return st.button(label, disabled=disabled or bool(why), help=why or help, **more)


def who() -> str:
    """Who is here, for the audit log."""
    from asd_core.audit import NOBODY  # with the database's library, which a page without acts does not need

    return (login_identity() if has_login() else "") or NOBODY


@contextmanager
def acting(needed: Role, act: "ActName", dataset: str = "", **more: Any) -> Iterator[None]:
    """Around what somebody does: they must have the role, and it is entered in the audit log first. If it fails or is refused,
    so is that.

    Args:
        more: of :class:`asd_core.audit.AuditEntry`.

    Raises:
        RoleError: when they may not.
        LabelError: when it cannot be entered; it is not done then.
    """
    from asd_core.audit import AuditEntry

    try:
        need(needed)
    except RoleError as error:
        if not get_settings().read_only:  # which stores nothing
            with suppress(AsdError):  # it is refused all the same
                _enter(AuditEntry("refused", who(), dataset=dataset, note=f"{act}: {error}"))
        raise
    _enter(AuditEntry(act, who(), dataset=dataset, **more))
    try:
        yield
    except AsdError as error:
        with suppress(AsdError):  # that it began is in the log
            _enter(AuditEntry("failed", who(), dataset=dataset, note=f"{act}: {error}"))
        raise


def exporting(content: str | Callable[[], str | bytes], dataset: str, note: str) -> Callable[[], str | bytes]:
    """A file's content that is entered in the audit log whenever somebody takes it."""
    person = who()  # a download happens outside a run of the page, which alone knows

    def entered() -> str | bytes:
        from asd_core.audit import AuditEntry

        made = content() if callable(content) else content
        _enter(AuditEntry("exported labels", person, dataset=dataset, note=note))
        return made

    return entered


def _enter(entry: "AuditEntry") -> None:
    from pages.shared.label_store import label_store

    label_store().audit.add(entry)
