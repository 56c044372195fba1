"""The choice of a catalogue: by a language code, never by a path. Oracle: a catalogue outside of assets/locale."""

import struct
from contextvars import copy_context
from pathlib import Path

import pytest

from core import i18n


def write_catalogue(folder: Path, message: str, translation: str) -> None:
    """Write a compiled catalogue (GNU gettext, MO format) with one message beside its empty header."""
    texts = [b"", message.encode()], [b"Content-Type: text/plain; charset=UTF-8\n", translation.encode()]
    offset, tables, body = 28 + 2 * 8 * len(texts[0]), b"", b""
    for column in texts:
        for text in column:
            tables += struct.pack("<2I", len(text), offset + len(body))
            body += text + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(texts[0]), 28, 28 + 8 * len(texts[0]), 0, 0)
    (folder / "LC_MESSAGES").mkdir(parents=True)
    (folder / "LC_MESSAGES" / "app.mo").write_bytes(head + tables + body)


def translate(language: str) -> str:
    """Return a message in that language, without changing the language of this context."""

    def in_language() -> str:
        i18n.set_language(language)
        return i18n._("Play")

    return copy_context().run(in_language)


def test_a_language_is_letters_and_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_catalogue(tmp_path / "outside", "Play", "PWNED")
    write_catalogue(tmp_path / "locale" / "zh_CN", "Play", "播放")
    monkeypatch.setattr(i18n, "LOCALE_DIR", tmp_path / "locale")
    i18n._load_catalogue.cache_clear()
    assert translate("zh-CN") == translate("zh_CN") == "播放"
    for wrong in (str(tmp_path / "outside"), "../outside", "..", "zh_CN/../../outside", "", "x" * 9, "a\0b", "é", "zh-CN\n"):
        assert translate(wrong) == "Play", wrong
    i18n._load_catalogue.cache_clear()
