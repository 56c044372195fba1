"""What reads input from outside gets 100,000 arbitrary inputs each: it returns a value or raises Invalid, never anything else.

Slow: `pytest -m slow tests/test_parser_fuzz.py`. Inputs are half arbitrary bytes, half pieces of the formats that are read.
"""

import json
import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.experiment.experiment import build_experiment
from core.experiment.serialization import from_json, to_json
from core.tasks.corpus import read_corpus
from core.tasks.labelled_texts import read_texts
from core.tasks.number_parser import judge_decimal_sign, parse_number
from core.tasks.number_table import read_table
from core.tasks.series_file import read_series
from core.tasks.tokenization import split_graphemes, split_words
from tests.strategies import json_values

INPUTS = 100_000
pytestmark = pytest.mark.slow
fuzz = settings(max_examples=INPUTS, deadline=None, database=None, suppress_health_check=list(HealthCheck))

PIECES = [
    *"0123456789", *",;\t|.'\"#%−-+ \n\r", "\r\n", "\n\n", "1,5", "2.5", "1.234,5", "1e5", "1e999", "nan", "inf", "N/A",
    "€", "$", "2020-01-31", "31.01.2020", "sep=;", "x", "text", "label", "<unk>", "@-@", "= a =",
    "ä", "e\u0301", "न", "循", "\U0001f469\u200d\U0001f467", "\u00ad", "\ufeff", "\x00", "\u2028",
]  # fmt: skip
pieces = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
contents = st.binary(max_size=120) | st.builds(lambda text, encoding: text.encode(encoding, "replace"), pieces, encodings)
EXPERIMENT = json.loads(to_json(build_experiment()))


@st.composite
def damaged_experiments(draw: st.DrawFn) -> str:
    """Draw the JSON of an experiment with some fields replaced by arbitrary values, and perhaps cut off."""
    data = EXPERIMENT | draw(st.dictionaries(st.sampled_from(sorted(EXPERIMENT)), json_values, max_size=3))
    text = json.dumps(data)
    return text if draw(st.booleans()) else text[: draw(st.integers(0, len(text)))]


def read_or_refuse(read: Callable[[str], object], path: Path, content: bytes) -> None:
    """Write the content to a file and read it; Invalid is an answer too, with one sentence that is not long."""
    refusal = "nothing was refused"
    path.write_bytes(content)
    for cached in (read_series, read_texts):
        cached.cache_clear()
    try:
        read(str(path))
    except Invalid as invalid:
        refusal = str(invalid)
    assert 0 < len(refusal) < 1000


@fuzz
@given(content=contents)
def test_any_file_is_a_table_or_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.csv"
    read_or_refuse(read_table, path, content)
    read_or_refuse(read_series, path, content)


@fuzz
@given(content=contents)
def test_any_file_is_labelled_texts_or_is_refused(tmp_path: Path, content: bytes) -> None:
    read_or_refuse(lambda path: read_texts(path, "text", "label"), tmp_path / "file.csv", content)


@fuzz
@given(content=contents)
def test_any_file_is_a_text_or_is_refused(tmp_path: Path, content: bytes) -> None:
    def read(path: str) -> None:
        for text in read_corpus(path).splits.values():
            assert all(split_words(text))
            assert all(split_graphemes(text))

    read_or_refuse(read, tmp_path / "file.txt", content)


@fuzz
@given(cell=st.text(max_size=30) | pieces, decimal=st.sampled_from([".", ","]))
def test_any_cell_is_a_finite_number_or_none(cell: str, decimal: str) -> None:
    number = parse_number(cell, decimal)
    assert number is None or math.isfinite(number)
    assert judge_decimal_sign([[cell]], ";") in (".", ",")


@fuzz
@given(text=st.text(max_size=60) | json_values.map(json.dumps) | damaged_experiments())
def test_any_text_is_an_experiment_or_is_refused(text: str) -> None:
    with suppress(Invalid):
        experiment = from_json(text)
        assert from_json(to_json(experiment)) == experiment
