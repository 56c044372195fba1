"""A sentence that changes in place while a run goes on."""

from pages.common.component import mount_component
from pages.common.news import mount_or_collect

_mount = mount_component(
    "live_text",
    '<div class="live-text"><p></p><span class="live-text-help" role="img" tabindex="0" hidden>?</span></div>',
)


def draw_live_text(text: str, key: str, explanation: str = "", picture: str = "") -> None:
    """Draw a sentence, in Markdown with **strong** and escapes only, with a question mark that explains it.

    Braille characters in it become a small picture. picture: what that shows, in words.
    """
    mount_or_collect(_mount, key, {"text": text, "help": explanation, "picture": picture})
