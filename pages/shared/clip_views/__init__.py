"""What can be looked at more closely below the player: one view at a time is computed."""

from pages.shared.clip_views.context import ClipContext


def look_closer(context: ClipContext) -> None:
    """The chosen view."""
