"""A study as a short text for a link: its JSON, compressed. Both ends are bounded, and the study's validator reads it."""

import base64
import binascii
import zlib

from core.errors import Invalid
from core.experiment.study import Study, study_from_json, study_to_json
from core.i18n import _

MAX_TEXT = 20_000  # characters of the text
MAX_JSON = 200_000  # bytes of the JSON; a small text could become gigabytes


def study_to_text(study: Study) -> str:
    """Return the study as letters, digits, "-" and "_"."""
    return base64.urlsafe_b64encode(zlib.compress(study_to_json(study).encode(), 9)).decode().rstrip("=")


def study_from_text(text: str) -> Study:
    """Return the study of a text. Raises Invalid for a damaged one and for values that are not allowed."""
    damaged = Invalid(_("The study in this link is damaged; perhaps the link was cut. Ask for it again."), "study")
    if len(text) > MAX_TEXT or not text.isascii():
        raise damaged
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(packed, MAX_JSON)
        json_text = plain.decode()
    except (binascii.Error, zlib.error, UnicodeDecodeError):
        raise damaged from None
    if not unpacker.eof:
        raise damaged
    return study_from_json(json_text)
