"""Words of texts in many scripts. Oracles: words listed here; the graphemes of Unicode's rules, which no word may cut."""

from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from core.tasks.character_model import CHARACTERS
from core.tasks.corpus import read_corpus
from core.tasks.language_model import WORDS
from core.tasks.next_symbol import split_symbols
from core.tasks.tokenization import has_unspaced_script, is_prepared, split_graphemes, split_words

# Letters with marks of many scripts, joiners, emoji and their modifiers, and what stands between words.
SCRIPT_TEXTS = st.text(
    alphabet="aÄé ß\u0301\u0308\u00ad'’.,-3\n\tहिन्दी\u200dक्षمَدْعไทน้ำ漢字かカ한\u1100\u1161👩👨🏽\ufe0f🇩🇪\u20e3١٢",
    max_size=60,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("हिंदी एक पढ़ता है", "हिंदी एक पढ़ता है"),
        ("क्षत्रिय यह", "क्षत्रिय यह"),
        ("مَدْرَسَة عربية", "مَدْرَسَة عربية"),
        ("Ein Dampf\u00adschiff, 3.14 l’été", "ein dampfschiff , 3.14 l’été"),
        ("使循步。", "使 循 步 。"),
        ("カタカナと漢字", "カ タ カ ナ と 漢 字"),
        ("ภาษาน้ำ ok", "ภ า ษ า น้ำ ok"),
        ("한국어 말", "한국어 말"),
        ("a👩\u200d👩\u200d👧b 🇩🇪🇫🇷 👍🏽 1\ufe0f\u20e3", "a 👩\u200d👩\u200d👧 b 🇩🇪 🇫🇷 👍🏽 1\ufe0f\u20e3"),
    ],
)
def test_words_of_many_scripts(text: str, words: str) -> None:
    assert list(split_words(text)) == words.split(" ")


def check_no_grapheme_is_cut(text: str) -> None:
    """Check that the words of a text are its graphemes in order, without white space and soft hyphens."""
    lower = text.lower().replace("\u00ad", "")
    graphemes = [one for one in regex.findall(r"\X", lower) if not one.isspace()]
    joined = [one for word in split_words(text) for one in regex.findall(r"\X", word)]
    assert joined == graphemes
    assert "".join(split_graphemes(text)) == text


@settings(max_examples=300)
@given(text=SCRIPT_TEXTS)
def test_no_grapheme_is_cut(text: str) -> None:
    check_no_grapheme_is_cut(text)


@pytest.mark.slow
@settings(max_examples=100_000, deadline=None)
@given(text=st.one_of(SCRIPT_TEXTS, st.text(max_size=60)))
def test_no_grapheme_is_cut_in_a_hundred_thousand_texts(text: str) -> None:
    check_no_grapheme_is_cut(text)


def test_the_same_letter_in_two_forms_is_one(tmp_path: Path) -> None:
    """An ä, and an a with a mark."""
    path = tmp_path / "own.txt"
    path.write_text("\u00e4pfel a\u0308pfel " * 200, encoding="utf-8")
    corpus = read_corpus(str(path))
    assert set(split_symbols(WORDS, 10**6, 7, corpus)["train"]) == {"\u00e4pfel"}
    assert set(split_symbols(CHARACTERS, 10**6, 7, corpus)["train"]) == {"\u00e4", *"pfel "}


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        (" not time <unk> comes N times \n it forgets mr. N \n", True),
        ("the cost rose N N to $ N \n", True),
        ("The well @-@ known <unk> , said he . = Title = ", True),
        ("A page, <unk>, he said; and more.", False),
        ("The letter N, and no N.", False),
        ("plain words only", False),
    ],
)
def test_a_prepared_text_is_recognized(text: str, prepared: bool) -> None:
    assert is_prepared(text * 30) is prepared


def test_a_prepared_text_in_one_file_is_read_like_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "own.txt"
    path.write_text(" the cat <unk> N times \n" * 200)
    corpus = read_corpus(str(path))
    assert (corpus.is_prepared, corpus.marks_unknown) == (True, True)
    assert split_symbols(WORDS, 10**6, 7, corpus)["train"][:6] == ["the", "cat", "<unk>", "N", "times", "<eos>"]


def test_which_scripts_write_no_spaces() -> None:
    assert [has_unspaced_script(text) for text in ("abc", "日", "ไ", "한", "é")] == [False, True, True, False, False]
