"""The one function that every text for people passes through.

`_("…")` returns the text in the language in use. Tables that are built at import time mark their texts with `N_` and
are translated where they are shown. A second language is a catalogue in assets/locale, not a rewrite.
"""

import gettext
from contextvars import ContextVar
from pathlib import Path

LOCALE = Path(__file__).parent.parent / "assets" / "locale"

_catalogue: ContextVar[gettext.NullTranslations] = ContextVar("catalogue")
_english = gettext.NullTranslations()


def use(language: str | gettext.NullTranslations) -> None:
    """Set the language of this thread: a code such as "en" or "zh-CN" (English where there is no catalogue for it)."""
    if isinstance(language, str):
        codes = [language.replace("-", "_"), language.split("-")[0]]
        language = gettext.translation("app", LOCALE, codes, fallback=True)
    _catalogue.set(language)


def _(message: str) -> str:
    """The message in the language in use."""
    return _catalogue.get(_english).gettext(message)


def ngettext(one: str, many: str, n: int) -> str:
    """The form of the message that fits the number n."""
    return _catalogue.get(_english).ngettext(one, many, n)


def N_(message: str) -> str:  # noqa: N802 (gettext's own name)
    """Marks a text of a table; `_` translates it where it is shown."""
    return message
