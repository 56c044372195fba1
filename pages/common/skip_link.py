"""A link that only the keyboard meets, before all else: from the top of the page to what many come for."""

from pages.common.component import mount

_mount = mount("skip_link")


def skip(text: str, to: str) -> None:
    """Adds it. to: the CSS selector of what gets the focus. page.css says on which page it is there."""
    _mount(key="skip", data={"text": text, "to": to}, height=1)
