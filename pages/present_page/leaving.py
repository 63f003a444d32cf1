"""Out of the presentation."""

from pages.present_page.story import Story
from pages.shared import address, presentation
from pages.shared.open_clip import ANY, CLIP, FILTERS
from pages.shared.sidebar import as_parameters


def leave(story: Story) -> None:
    """Go back to the page one came from, as it was; without one, to the Clip page with the clip. For callbacks."""
    origin = presentation.origin()
    if origin is None:
        name, value = story.address
        clip = {CLIP: value, **dict.fromkeys(FILTERS, ANY)} if name == CLIP else {}
        origin = "", {**as_parameters(story.selected.machine_id), **clip}
    address.visit(*origin)
