"""The time series. Oracles: the file itself, read here once more; the naive forecast, worked out here; and files that are
wrong in one way each."""

import re
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.experiment.experiment import build_experiment
from core.tasks import TASKS
from core.tasks.file_readers import LARGEST, read_column
from core.tasks.series import SUNSPOTS, split
from core.tasks.task import Data
from core.training.trainer import train

PARTS = ("train", "validation", "test")
SERIES = np.array(
    [float(line.split(",")[1]) for line in SUNSPOTS.read_text().splitlines() if line[:2] in ("17", "18", "19", "20")]
)


def made(steps: int = 24, batch: int = 8, points: int = 600, **options: str) -> Data:
    return TASKS["series"].make({"points": points, **options}, steps, batch, 7)


def values_of(data: Data, part: str) -> list[list[float]]:
    """Of each stream what is read, and then the last that is asked for, in the units they came in, as they are shown."""
    batches = list(data.split(part))
    streams = []
    for b in range(batches[0].x.shape[1]):
        there = [(x, y) for batch in batches for x, y in zip(batch.x[:, b], batch.y[:, b], strict=True) if np.isfinite(y)]
        x, y = np.array([one for one, _y in there]), [y for _x, y in there]
        right = data.answer_text(y, x)
        read, told = ([float(text or "") for text in texts] for texts in (data.read_text(x), right))
        assert told[:-1] == pytest.approx(read[1:], abs=1.1), "what is asked for at a step is what is read at the next"
        streams.append([*read, told[-1]])
    return streams


def test_the_file_is_the_published_series() -> None:
    """Its ends, its length, and the highest month of all."""
    assert len(SERIES) == 260 * 12
    assert [SERIES[0], SERIES[-1], SERIES.max()] == [58.0, 0.8, 253.8]
    assert int(SERIES.argmax()) == (1957 - 1749) * 12 + 9
    assert np.array_equal(read_column(str(SUNSPOTS)), SERIES)
    assert "Royal Observatory of Belgium" in SUNSPOTS.read_text()


@given(steps=st.integers(1, 70), batch=st.integers(1, 40), points=st.integers(100, 1000))
@settings(max_examples=6)
def test_the_streams_put_together_are_the_part(steps: int, batch: int, points: int) -> None:
    data, parts = made(steps, batch, points), split(SERIES, points)
    assert len(parts["train"]) == points
    for part in PARTS:
        length = len(parts[part]) // batch
        for n, stream in enumerate(values_of(data, part)):
            assert stream == pytest.approx(parts[part][n * length : (n + 1) * length], abs=0.51)
    assert len(list(data.train(0))) == data.updates


def test_the_parts_are_one_after_the_other() -> None:
    parts = split(np.arange(1000.0), 200)
    assert [part[[0, -1]].tolist() for part in parts.values()] == [[500, 699], [700, 849], [850, 999]]


def test_scaled_by_the_training_part_alone(tmp_path: Path) -> None:
    """What comes later can be anything: what is trained on stays as it is."""
    other = SERIES.copy()
    other[len(split(SERIES, 10**6)["train"]) :] += 1000 * np.random.default_rng(1).random(936)
    (tmp_path / "other.csv").write_text("\n".join(map(str, other)))
    one, two = made(), made(corpus=str(tmp_path / "other.csv"))
    for a, b in zip(one.split("train"), two.split("train"), strict=True):
        assert np.array_equal(a.x, b.x)
        assert np.array_equal(a.y, b.y, equal_nan=True)
    assert (one.centre, one.spread) == (two.centre, two.spread)
    changes = np.diff(split(SERIES, 600)["train"])
    assert (one.centre, one.spread) == pytest.approx((changes.mean(), changes.std()))


@pytest.mark.parametrize("part", ["validation", "test"])
def test_the_baseline_says_the_last_value_again(part: str) -> None:
    values = split(SERIES, 600)[part]
    length = len(values) // 8
    changes = np.concatenate([np.diff(values[n * length : (n + 1) * length]) for n in range(8)])
    assert made().baselines[part] == pytest.approx({"mse": np.square(changes).mean(), "mae": np.abs(changes).mean()})


def test_a_small_network_beats_the_naive_forecast() -> None:
    """With more data than at first: of 600 months there is little to learn."""
    e = build_experiment(
        "series", {"points": 2500}, hidden=16, layers=1, epochs=16, device="cpu", placement=METHODS["gal2016"].placement(0.25)
    )
    test = list(train(e))[-1]["test"]
    assert test["mse"] < 0.95 * test["baseline"]
    assert test["mae"] < 0.98 * made().baselines["test"]["mae"]


def column(tmp_path: Path, content: str | bytes, name: str = "") -> list[float]:
    path = tmp_path / "own.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    read_column.cache_clear()
    found: list[float] = read_column(str(path), name).tolist()
    return found


@pytest.mark.parametrize(
    ("content", "name", "found"),
    [
        ("1\n2\n3\n", "", (1, 2, 3)),
        ("day,level\nmon,1\ntue,2.5\n", "", (1, 2.5)),
        ('"a;b";c\n"x ""quoted""";1e3\n"y;z";-4\n', "", (1000, -4)),
        ("a\tb\n1\t2\n3\t4\n", "b", (2, 4)),
        ("1,2\n3,4\n", "2", (2, 4)),
        ("\ufeffx\r\n1\r\n\r\n2\r\n", "x", (1, 2)),
        ("# said first\nx,y\n1,2\n", "y", (2,)),
        ("été,y\n1,2\n", "été", (1,)),
        ('a,b\n"x\n# y\u2028z",1\n# said,"between\n,2,\n', "b", (1, 2)),
        ("x,y,x\n1,2,3\n", "3", (3,)),
    ],
)
def test_a_column_of_ones_own(tmp_path: Path, content: str, name: str, found: tuple[float, ...]) -> None:
    assert column(tmp_path, content, name) == list(found)


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"", "", "is empty"),
        (b" \n \n", "", "is empty"),
        (b"# nothing\n", "", "is empty"),
        (b"\x89PNG\0\0", "", "no text: it has bytes that are zero"),
        ("größe\n1\n".encode("latin-1"), "", "not in UTF-8 \\(byte 2\\)"),
        ("x\n1\n".encode("utf-16"), "", "is in UTF-16; save it in UTF-8"),
        ("\ufeff\n", "", "is empty"),
        ("x\n", "", "a row of names and nothing else"),
        ("x\n1\nNA\n3\n\n", "", "no number in 1 of its 3 rows, first in row 2 \\(“NA”\\)"),
        ("x\n1\nnan\ninf\n", "", "no number in 2 of its 3 rows, first in row 2 \\(“nan”\\)"),
        ("a,b\n1,2\n3\n", "b", "no number in 1 of its 2 rows, first in row 2 \\(“”\\)"),
        ("a,b\n1,2\n", "", "has 2 columns of numbers; its columns are a, b. Choose one with column=NAME"),
        ("a,b\nx,y\n", "", "has no column of numbers; its columns are a, b"),
        ("a,b\n1,2\n", "c", "has no column “c”; it has a, b"),
        ("a,b\n1,2\n", "3", "has no column “3”"),
        ("value\n1,5\n2,5\n", "", "Row 1 of the file .* has more cells \\(2\\) than there are columns \\(1\\)"),
        ("d,n\na,1\nb,1,234\n", "n", "Row 2 of the file .* write numbers with a decimal point and nothing between thousands"),
        ("d;n\na;1,5\n", "n", "first in row 1 \\(“1,5”\\). Write numbers with a decimal point"),
        ("d;n\na;-1.234.567,5\n", "", "has no column of numbers; its columns are d, n. Write numbers with a decimal point"),
        ("d;n\na;12.05.2026\n", "", "its columns are d, n\\. A series needs one, without gaps\\.$"),
        (",n\n0,5\n1,6\n", "", "has 2 columns of numbers; its columns are 1, n. Choose one with column=NAME"),
        ("x,y,x\n1,2,3\n", "x", "has 2 columns “x”. Choose one by its number, such as column=1"),
        ("n" * 100_000 + "\nx\n", "n" * 100_000, "The column “n{20}” has no number"),
        (f"{'n' * 100_000},m\n1,2\n", "q" * 100_000, "has no column “q{20}”; it has n{20}, m"),
        ('a\n"1\n', "", "is no CSV"),
        (",".join(["1"] * 1_000_000), "", "has 1000000 columns of numbers; its columns are 1, 2, 3, 4, 5, 6, 7, 8, …"),
        (b"1\n" * (LARGEST // 2) + b"1", "", "has more than 5000000 bytes"),
    ],
)
def test_a_file_that_is_wrong_is_said_to_be(tmp_path: Path, content: str | bytes, name: str, says: str) -> None:
    with pytest.raises(Invalid, match=says) as caught:
        column(tmp_path, content, name)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("path", ["no/such/file.csv", ".", "a\0b"])
def test_a_file_that_cannot_be_read(path: str) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        made(corpus=path)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([1.0] * 400, "does not change in its training part"),
        ([1.0, 2.0] * 20, "has 40 values; at least 107 are needed for a batch of 8"),
        ([1e200, -1e200] * 200, "too large to be squared"),
        ([1e-200, 0.0] * 200, "does not change in its training part"),
        ([1.0, 2.0] * 195 + [1e50] * 10, "more than 1e\\+15 times the spread of its training part away from it"),
        ([1.0, 2.0] * 150 + [1e50] * 20 + [1.0, 2.0] * 40, "no forecast of them can be measured"),
    ],
)
def test_a_series_that_nothing_can_be_learned_from(tmp_path: Path, values: list[float], says: str) -> None:
    (tmp_path / "own.csv").write_text("\n".join(map(str, values)))
    with pytest.raises(Invalid, match=says):
        made(corpus=str(tmp_path / "own.csv"))


@pytest.mark.parametrize("batch", [1, 3, 8, 40, 64])
def test_as_many_values_as_are_asked_for_are_enough(tmp_path: Path, batch: int) -> None:
    path = tmp_path / "own.csv"
    path.write_text("1\n2\n")
    with pytest.raises(Invalid) as caught:
        made(corpus=str(path), batch=batch)
    said = re.search(r"has 2 values; at least (\d+) are needed", str(caught.value))
    assert said
    for fewer in (0, 1):
        path = tmp_path / f"{fewer}.csv"
        path.write_text("".join(f"{n % 7}\n" for n in range(int(said[1]) - fewer)))
        with pytest.raises(Invalid, match="values; at least") if fewer else nullcontext():
            made(corpus=str(path), batch=batch, points=1000)


@pytest.mark.parametrize("step", [1.0, 0.1, 1e-3])
def test_a_straight_line_can_be_learned(tmp_path: Path, step: float) -> None:
    """Its changes are all alike, but for what rounding makes of them: their spread is not divided by."""
    (tmp_path / "own.csv").write_text("\n".join(str(1000 + step * n) for n in range(500)))
    data = made(corpus=str(tmp_path / "own.csv"))
    assert data.spread == 1
    assert all(np.isfinite(batch.x).all() for batch in data.split("test"))


def test_a_column_needs_its_file() -> None:
    with pytest.raises(Invalid, match="give corpus=PATH as well"):
        made(column="x")
