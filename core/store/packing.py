"""Events of a run, packed: one JSON text a line, compressed by zlib. Numbers keep every digit."""

import json
import zlib
from collections.abc import Sequence

from core.training.events import Event, thin_records

FAST, SMALL = 1, 6  # levels of zlib: while a run goes on, and when it has ended
MAX_LINES_BYTES = 200 * 2**20  # of unpacked lines; more is no run that this program has stored


def pack_lines(lines: Sequence[str], level: int = FAST) -> bytes:
    """Return the packed lines."""
    return zlib.compress("\n".join(lines).encode(), level)


def unpack_lines(packed: bytes) -> list[str]:
    """Return the lines. Raises ValueError for anything but packed lines."""
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(packed, MAX_LINES_BYTES)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not unpacker.eof:
        raise ValueError(len(packed))
    return text.decode().split("\n")


def select_thinned(lines: Sequence[str], most: int) -> list[int]:
    """Return the numbers of the lines that stay where a run is to have at most about `most` records."""
    events: list[Event] = [json.loads(line) | {"line": number} for number, line in enumerate(lines)]
    return [event["line"] for event in thin_records(events, most)]
