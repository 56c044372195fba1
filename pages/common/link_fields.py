"""The fields that a page's link carries beside the experiment: their bounds and defaults, read and written alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid
from core.i18n import _

DIGITS = 9  # of a whole number in a link


@dataclass(frozen=True)
class LinkField:
    """name: in the link. default: the value where the link says nothing, and which it then does not carry.

    parse(text) returns the value, or raises Invalid with what is expected; write(value) is its way back.
    """

    name: str
    default: Any
    parse: Callable[[str], Any]
    write: Callable[[Any], str] = str


def whole_number(name: str, default: int | None, least: int = 0) -> LinkField:
    """Return a field that is a whole number from `least` on; what is too large is clamped by whoever uses it."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or len(text) > DIGITS or int(text) < least:
            raise Invalid(
                _("{name} is “{text}”; a whole number from {least} on is expected.").format(name=name, text=text, least=least),
                name,
            )
        return int(text)

    return LinkField(name, default, parse)


def one_of(name: str, default: str, words: Sequence[str]) -> LinkField:
    """Return a field that is one of some words."""

    def parse(text: str) -> str:
        if text not in words:
            raise Invalid(
                _("{name} is “{text}”; it must be one of {all}.").format(
                    name=name, text=text, all=", ".join(filter(None, words))
                ),
                name,
            )
        return text

    return LinkField(name, default, parse)


def names(name: str, default: Any, check: Callable[[tuple[str, ...]], tuple[str, ...]]) -> LinkField:
    """Return a field that is a list of names with commas between them.

    check(names) returns the names that are meant, or raises Invalid.
    """
    return LinkField(name, default, lambda text: check(tuple(filter(None, text.split(",")))), ",".join)


def read_fields(fields: Sequence[LinkField], query: Mapping[str, str]) -> tuple[dict[str, Any], list[Invalid]]:
    """Return the values of a link's fields, and what was wrong in sentences: there, and where it says nothing, the default
    holds."""
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
