"""The time series.

Oracles: the file, read here once more; the naive forecast, computed here; and files that are wrong in one way each.
"""

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
from core.tasks.series import SUNSPOTS, split_series
from core.tasks.series_file import load_csv_column, read_series
from core.tasks.task import Data
from core.tasks.text_file import MAX_FILE_BYTES
from core.training.trainer import train

PARTS = ("train", "validation", "test")
SERIES = np.array(
    [float(line.split(",")[1]) for line in SUNSPOTS.read_text().splitlines() if line[:2] in ("17", "18", "19", "20")]
)


def build_data(steps: int = 24, batch: int = 8, points: int = 600, **options: str) -> Data:
    return TASKS["series"].make_data({"points": points, **options}, steps, batch, 7)


def read_streams(data: Data, split: str) -> list[list[float]]:
    """Return the inputs of each stream and its last target as displayed, in the original units."""
    batches = list(data.split(split))
    streams = []
    for b in range(batches[0].x.shape[1]):
        there = [(x, y) for batch in batches for x, y in zip(batch.x[:, b], batch.y[:, b], strict=True) if np.isfinite(y)]
        x, y = np.array([one for one, _y in there]), [y for _x, y in there]
        targets = data.describe_answers(y, x)
        read, values = ([float(text or "") for text in texts] for texts in (data.describe_inputs(x), targets))
        assert values[:-1] == pytest.approx(read[1:], abs=1.1), "what is asked for at a step is what is read at the next"
        streams.append([*read, values[-1]])
    return streams


def test_the_file_is_the_published_series() -> None:
    """Its first and last values, its length, and its maximum."""
    assert len(SERIES) == 260 * 12
    assert [SERIES[0], SERIES[-1], SERIES.max()] == [58.0, 0.8, 253.8]
    assert int(SERIES.argmax()) == (1957 - 1749) * 12 + 9
    assert np.array_equal(load_csv_column(str(SUNSPOTS)), SERIES)
    assert "Royal Observatory of Belgium" in SUNSPOTS.read_text()


@given(steps=st.integers(1, 70), batch=st.integers(1, 40), points=st.integers(100, 1000))
@settings(max_examples=6)
def test_the_joined_streams_are_the_split(steps: int, batch: int, points: int) -> None:
    data, parts = build_data(steps, batch, points), split_series(SERIES, points)
    assert len(parts["train"]) == points
    for split in PARTS:
        length = len(parts[split]) // batch
        for n, stream in enumerate(read_streams(data, split)):
            assert stream == pytest.approx(parts[split][n * length : (n + 1) * length], abs=0.51)
    assert len(list(data.train(0))) == data.updates


def test_the_splits_follow_each_other() -> None:
    parts = split_series(np.arange(1000.0), 200)
    assert [split[[0, -1]].tolist() for split in parts.values()] == [[500, 699], [700, 849], [850, 999]]


def test_scaled_by_the_training_split_alone(tmp_path: Path) -> None:
    """Later values do not change the training data."""
    other = SERIES.copy()
    other[len(split_series(SERIES, 10**6)["train"]) :] += 1000 * np.random.default_rng(1).random(936)
    (tmp_path / "other.csv").write_text("\n".join(map(str, other)))
    one, two = build_data(), build_data(corpus=str(tmp_path / "other.csv"))
    for a, b in zip(one.split("train"), two.split("train"), strict=True):
        assert np.array_equal(a.x, b.x)
        assert np.array_equal(a.y, b.y, equal_nan=True)
    assert (one.target_mean, one.target_std) == (two.target_mean, two.target_std)
    changes = np.diff(split_series(SERIES, 600)["train"])
    assert (one.target_mean, one.target_std) == pytest.approx((changes.mean(), changes.std()))


@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_baseline_predicts_the_last_value(split: str) -> None:
    values = split_series(SERIES, 600)[split]
    length = len(values) // 8
    changes = np.concatenate([np.diff(values[n * length : (n + 1) * length]) for n in range(8)])
    assert build_data().baselines[split] == pytest.approx({"mse": np.square(changes).mean(), "mae": np.abs(changes).mean()})


def test_a_small_network_beats_the_naive_forecast() -> None:
    """It has more data than the default, because 600 months are too few."""
    e = build_experiment(
        "series",
        {"points": 2500},
        hidden=16,
        layers=1,
        epochs=16,
        device="cpu",
        placement=METHODS["gal2016"].build_placement(0.25),
    )
    test = list(train(e))[-1]["test"]
    assert test["mse"] < 0.95 * test["baseline"]
    assert test["mae"] < 0.98 * build_data().baselines["test"]["mae"]


def load_column(tmp_path: Path, content: str | bytes, name: str = "") -> list[float]:
    path = tmp_path / "own.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    read_series.cache_clear()
    found: list[float] = load_csv_column(str(path), name).tolist()
    return found


@pytest.mark.parametrize(
    ("content", "name", "values"),
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
def test_a_users_column(tmp_path: Path, content: str, name: str, values: tuple[float, ...]) -> None:
    assert load_column(tmp_path, content, name) == list(values)


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"", "", "is empty"),
        (b" \n \n", "", "is empty"),
        (b"# nothing\n", "", "is empty"),
        (b"\x89PNG\0\0", "", "not a text file: it contains zero bytes"),
        (b"\x81\n1\n", "", "not in UTF-8 \\(byte 0\\)"),
        ("\ufeff\n", "", "is empty"),
        ("x\n", "", "a header row but no data"),
        ("x\n1\nNA\n3\n\n", "", "no number in 1 of its 3 rows, first in row 2 \\(“NA”\\)"),
        ("x\n1\nnan\ninf\n", "", "no number in 2 of its 3 rows, first in row 2 \\(“nan”\\)"),
        ("a,b\n1,2\n3\n", "b", "no number in 1 of its 2 rows, first in row 2 \\(“”\\)"),
        ("a,b\n1,2\n", "", "has 2 columns that can be the series: “a” \\(1\\), “b” \\(2\\)\\. Choose one with column=NAME"),
        ("a,b\nx,y\n", "", "has no column of numbers; its columns are a, b"),
        ("a,b\n1,2\n", "c", "has no column “c”; it has a, b"),
        ("a,b\n1,2\n", "3", "has no column “3”"),
        ("d,n\na,1,5\nb,2,5\n", "", "Row 1 of the file .* has more cells \\(3\\) than there are columns \\(2\\)"),
        ("d,n\na,1\nb,1,234\n", "n", "Row 2 of the file .* write numbers with a decimal point and nothing between thousands"),
        ("d;n\na;1.5 km\n", "n", "first in row 1 \\(“1.5 km”\\). Write numbers with digits, one decimal sign and no unit"),
        ("n\n1%\n2\n", "", "has numbers with and without a sign such as % or €"),
        ("d;n\na;12.05.2026\n", "", "its columns are d, n\\. A series needs one, without gaps\\.$"),
        (",n\n0,5\n1,6\n", "", "“1” \\(0, 1; only counts\\), “n” \\(5, 6; only counts\\). Choose one with column=NAME"),
        ("x,y,x\n1,2,3\n", "x", "has 2 columns “x”. Choose one by its number, such as column=1"),
        ("n" * 100_000 + "\nx\n", "n" * 100_000, "The column “n{20}” has no number"),
        (f"{'n' * 100_000},m\n1,2\n", "q" * 100_000, "has no column “q{20}”; it has n{20}, m"),
        ('a\n"1\n', "", "In line 2 of the file .* a quote begins that does not end"),
        (",".join(["1"] * 1_000_000), "", "has 1000000 columns; at most 2000 are read"),
        (b"1\n" * (MAX_FILE_BYTES // 2) + b"1", "", "has more than 5000000 bytes"),
    ],
)
def test_an_invalid_file_is_refused(tmp_path: Path, content: str | bytes, name: str, says: str) -> None:
    with pytest.raises(Invalid, match=says) as caught:
        load_column(tmp_path, content, name)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("path", ["no/such/file.csv", ".", "a\0b"])
def test_a_file_that_cannot_be_read(path: str) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        build_data(corpus=path)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([1.0] * 400, "is constant in its training split"),
        ([1.0, 2.0] * 20, "has 40 values; at least 107 are needed for a batch of 8"),
        ([1e200, -1e200] * 200, "too large to be squared"),
        ([1e-200, 0.0] * 200, "is constant in its training split"),
        ([1.0, 2.0] * 195 + [1e50] * 10, "more than 1e\\+15 standard deviations of its training split away from it"),
        ([1.0, 2.0] * 150 + [1e50] * 20 + [1.0, 2.0] * 40, "no forecast of them can be measured"),
    ],
)
def test_a_constant_or_extreme_series_is_refused(tmp_path: Path, values: list[float], says: str) -> None:
    (tmp_path / "own.csv").write_text("\n".join(map(str, values)))
    with pytest.raises(Invalid, match=says):
        build_data(corpus=str(tmp_path / "own.csv"))


@pytest.mark.parametrize("batch", [1, 3, 8, 40, 64])
def test_the_minimum_number_of_values_is_enough(tmp_path: Path, batch: int) -> None:
    path = tmp_path / "own.csv"
    path.write_text("1\n2\n")
    with pytest.raises(Invalid) as caught:
        build_data(corpus=str(path), batch=batch)
    message = re.search(r"has 2 values; at least (\d+) are needed", str(caught.value))
    assert message
    for fewer in (0, 1):
        path = tmp_path / f"{fewer}.csv"
        path.write_text("".join(f"{n % 7}\n" for n in range(int(message[1]) - fewer)))
        with pytest.raises(Invalid, match="values; at least") if fewer else nullcontext():
            build_data(corpus=str(path), batch=batch, points=1000)


@pytest.mark.parametrize("step", [1.0, 0.1, 1e-3])
def test_a_straight_line_can_be_learned(tmp_path: Path, step: float) -> None:
    """Its changes are equal up to rounding errors, so they are not divided by their spread."""
    (tmp_path / "own.csv").write_text("\n".join(str(1000 + step * n) for n in range(500)))
    data = build_data(corpus=str(tmp_path / "own.csv"))
    assert data.target_std == 1
    assert all(np.isfinite(batch.x).all() for batch in data.split("test"))


def test_a_column_needs_its_file() -> None:
    with pytest.raises(Invalid, match="give corpus=PATH as well"):
        build_data(column="x")
