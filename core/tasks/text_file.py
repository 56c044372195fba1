"""Reading the text of a user's file. Every problem raises Invalid with one sentence."""

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path
from unicodedata import normalize

from core.errors import Invalid
from core.i18n import _

MAX_FILE_BYTES = 5_000_000
_UPLOAD_NAME = re.compile(r"[0-9a-f]{64}-(.+)")  # the SHA-256 of an uploaded file, then its original name
_UNSAFE_CHARACTER = re.compile(r"[^\w. -]")
MAX_NAME_LENGTH = 40


def make_upload_name(digest: str, name: str) -> str:
    """Return the name under which an uploaded file is stored. digest: the SHA-256 of its content in hexadecimal digits."""
    return f"{digest}-{_UNSAFE_CHARACTER.sub('_', name)[-MAX_NAME_LENGTH:] or '_'}"


def get_display_name(path: str) -> str:
    """Return the name of a file for messages: the path as given, or the original name of an uploaded file."""
    upload = _UPLOAD_NAME.fullmatch(re.split(r"[/\\]", path)[-1])
    return upload[1] if upload else path


def read_text(path: str, max_bytes: int = MAX_FILE_BYTES, is_table: bool = False) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with a byte order mark, in Unicode's normal form C.

    is_table: a table of numbers may be in Windows-1252 as well, which many spreadsheets write; only its names depend on it.
    Raises Invalid if the file is missing, empty, too large or not such a text.
    """
    raw = _read_bytes(path, max_bytes)
    is_utf_16 = raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    if b"\0" in raw and not is_utf_16:
        raise Invalid(
            _("The file {path} is not a text file: it contains zero bytes.").format(path=get_display_name(path)), "corpus"
        )
    text = normalize("NFC", _decode(raw, "utf-16" if is_utf_16 else "utf-8-sig", path, is_table))
    if not text.strip():
        raise Invalid(_("The file {path} is empty.").format(path=get_display_name(path)), "corpus")
    return text


def _decode(raw: bytes, encoding: str, path: str, is_table: bool) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        if is_table and encoding != "utf-16" and (text := _decode_windows(raw)):
            return text
        raise Invalid(
            _("The file {path} is not in UTF-8 (byte {at}); save it in that encoding.").format(
                path=get_display_name(path), at=error.start
            ),
            "corpus",
        ) from None


def _decode_windows(raw: bytes) -> str:
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return ""


def _read_bytes(path: str, max_bytes: int) -> bytes:
    try:
        with Path(path).open("rb") as file:
            raw = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:  # ValueError: an invalid path
        why = getattr(error, "strerror", None) or str(error)
        raise Invalid(_("“{path}” cannot be read: {why}.").format(path=get_display_name(path), why=why), "corpus") from None
    if len(raw) > max_bytes:
        raise Invalid(
            _("The file {path} has more than {most} bytes.").format(path=get_display_name(path), most=max_bytes), "corpus"
        )
    return raw
