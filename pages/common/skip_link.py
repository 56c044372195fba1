"""The skip link for the keyboard: from the top of the page to its controls."""

from pages.common.component import mount_component

_mount = mount_component("skip_link")


def draw_skip_link(text: str, to: str) -> None:
    """Draw the link. to: CSS selector of the element that gets the focus. page.css says on which page it appears."""
    _mount(key="skip", data={"text": text, "to": to}, height=1)
