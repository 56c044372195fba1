"""Translation: every text that a person reads passes through `_`.

`_("…")` returns the text in the language in use. Tables that are built at import time mark their texts with `N_` and
are translated where they are shown. A second language is a catalogue in assets/locale, not a rewrite.
"""

import gettext
import re
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

LOCALE_DIR = Path(__file__).parent.parent / "assets" / "locale"
# The browser names the language, and its name becomes a part of a path.
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8}){0,3}", re.ASCII)

_catalogue: ContextVar[gettext.NullTranslations] = ContextVar("catalogue")
_english = gettext.NullTranslations()


def set_language(language: str | gettext.NullTranslations) -> None:
    """Set the language of this context: a code such as "en" or "zh-CN" (English if there is no catalogue for it)."""
    _catalogue.set(find_catalogue(language) if isinstance(language, str) else language)


def find_catalogue(language: str) -> gettext.NullTranslations:
    """Return the catalogue of a language; English if there is none, and for what is no code of a language."""
    return _load_catalogue(language) if _LANGUAGE.fullmatch(language) else _english


@lru_cache(maxsize=64)  # gettext would look for files each time
def _load_catalogue(language: str) -> gettext.NullTranslations:
    codes = [language.replace("-", "_"), language.split("-")[0]]
    return gettext.translation("app", LOCALE_DIR, codes, fallback=True)


def get_catalogue() -> gettext.NullTranslations:
    """Return the catalogue of the current language; the same object for the same language."""
    return _catalogue.get(_english)


def _(message: str) -> str:
    """Return the message in the current language."""
    return _catalogue.get(_english).gettext(message)


def ngettext(one: str, many: str, n: int) -> str:
    """Return the singular or plural message for the number n in the current language."""
    return _catalogue.get(_english).ngettext(one, many, n)


def N_(message: str) -> str:  # noqa: N802 (gettext's own name)
    """Mark a text of a table for translation; `_` translates it where it is displayed."""
    return message
