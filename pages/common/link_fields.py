"""The fields of a page's link beside the experiment: their defaults, checks and texts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid, quote
from core.i18n import _

MAX_DIGITS = 9  # of a whole number in a link


@dataclass(frozen=True)
class LinkField:
    """One field of a link.

    name: in the link. default: the value where the link has no such field; the link does not carry it. parse(text): returns the
    value, or raises Invalid with what is expected. write(value): returns the text.
    """

    name: str
    default: Any
    parse: Callable[[str], Any]
    write: Callable[[Any], str] = str


def make_integer_field(name: str, default: int | None, least: int = 0) -> LinkField:
    """Return a field that is a whole number, at least `least`; the user of the value clamps what is too large."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or len(text) > MAX_DIGITS or int(text) < least:
            raise Invalid(
                _("{name} is “{text}”; a whole number from {least} on is expected.").format(
                    name=name, text=quote(text), least=least
                ),
                name,
            )
        return int(text)

    return LinkField(name, default, parse)


def make_choice_field(name: str, default: str, words: Sequence[str]) -> LinkField:
    """Return a field that is one of the words."""

    def parse(text: str) -> str:
        if text not in words:
            raise Invalid(
                _("{name} is “{text}”; it must be one of {all}.").format(
                    name=name, text=quote(text), all=", ".join(filter(None, words))
                ),
                name,
            )
        return text

    return LinkField(name, default, parse)


def make_names_field(name: str, default: Any, check: Callable[[tuple[str, ...]], tuple[str, ...]]) -> LinkField:
    """Return a field that is a list of names with commas between them. check(names): returns them, or raises Invalid."""
    return LinkField(name, default, lambda text: check(tuple(filter(None, text.split(",")))), ",".join)


def read_fields(fields: Sequence[LinkField], query: Mapping[str, str]) -> tuple[dict[str, Any], list[Invalid]]:
    """Return the values of a link's fields, and the errors. A damaged or missing field has its default."""
    values, errors = {}, []
    for field in fields:
        values[field.name] = field.default
        if field.name in query:
            try:
                values[field.name] = field.parse(query[field.name])
            except Invalid as invalid:
                errors.append(invalid)
    return values, errors


def write_fields(fields: Sequence[LinkField], values: Mapping[str, Any]) -> dict[str, str]:
    """Return the part of a link that carries the values: what is not the default."""
    return {f.name: f.write(values[f.name]) for f in fields if f.name in values and values[f.name] != f.default}
