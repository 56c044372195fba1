"""Series in uploaded files.

Oracles: a generator's own values; files that the program once read wrongly, with the values that their owners meant.
"""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.tasks.column_kinds import goes_back_in_time, judge_number_kind
from core.tasks.number_parser import judge_decimal_sign, parse_number
from core.tasks.reads import describe_series_file, format_reads
from core.tasks.series_file import SeriesFile, read_series
from tests.series_files import GeneratedSeries, generated_series


def read_content(folder: Path, content: bytes | str, column: str = "") -> SeriesFile:
    """Write a file and read the series in it."""
    path = folder / "own.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    read_series.cache_clear()
    return read_series(str(path), column)


def check_generated(folder: Path, generated: GeneratedSeries) -> None:
    """Read a generated file without naming its column, and compare with what was generated."""
    file = read_content(folder, generated.content)
    assert file.values.tolist() == pytest.approx(generated.values, abs=1e-9)
    assert (file.column, file.separator, file.decimal) == (generated.column, generated.separator, generated.decimal)
    assert (file.skipped, file.is_reversed) == (generated.skipped, generated.goes_back)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(generated=generated_series())
def test_a_file_is_read_as_it_was_written(tmp_path: Path, generated: GeneratedSeries) -> None:
    check_generated(tmp_path, generated)


@pytest.mark.slow
@settings(max_examples=10_000, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(generated=generated_series())
def test_ten_thousand_files_are_read_as_they_were_written(tmp_path: Path, generated: GeneratedSeries) -> None:
    check_generated(tmp_path, generated)


def format_series(row: str, rows: int = 60) -> str:
    """Return rows with a count {n}, a value {x} and the same with a decimal comma {y}."""
    values = [20 + n % 7 + n % 97 / 100 for n in range(rows)]
    return "".join(row.format(n=n, x=f"{v:.2f}", y=f"{v:.2f}".replace(".", ",")) for n, v in enumerate(values))


VALUES = [20 + n % 7 + n % 97 / 100 for n in range(60)]


@pytest.mark.parametrize(
    ("content", "column"),
    [
        ("t,x\n" + format_series("{n},{x}%\n"), "x"),
        ("Datum;Temperatur, °C\n" + format_series("2019-01-{n};{y}\n"), "Temperatur, °C"),
        (format_series("2019-01-{n};{y}\n"), "2"),
        ("year,month,value\n" + format_series("1949,1,{x}\n"), "value"),
        ("t|x\n" + format_series("{n}|{x}\n"), "x"),
        ("t,x\n" + format_series("{n},−{x}\n"), "x"),
        ("#date,temp\n" + format_series("2019-01-{n},{x}\n"), "temp"),
        ("sep=;\r\nt;x\r\n" + format_series("{n};{y}\r\n"), "x"),
        ("x\n" + format_series("{y}\n"), "x"),
        (format_series("{y}\n"), "1"),
        ("t,price\n" + format_series("{n},€{x}\n"), "price"),
        ("t,price\n" + format_series("{n},${x}\n"), "price"),
        ("Station: 7; upper\nSource; office; 2020\n\nt;x\n" + format_series("{n};{y}\n") + "Source: office\n", "x"),
        (("Höhe;Größe\n" + format_series("{n};{y}\n")).encode("cp1252"), "Größe"),
        (("t\tx\n" + format_series("{n}\t{x}\n")).encode("utf-16"), "x"),
        ("name;x\n" + format_series('"a\nb";{y}\n'), "x"),
        ("t\tx\n" + format_series('"{n}\t{x}\n'), "x"),
        ("station,day,x\n" + format_series("433,201901{n},{x}\n"), "x"),
    ],
)
def test_a_file_is_read_as_its_owner_means_it(tmp_path: Path, content: str | bytes, column: str) -> None:
    file = read_content(tmp_path, content)
    sign = -1 if "−" in str(content) else 1
    assert file.column == column
    assert file.values.tolist() == pytest.approx([sign * value for value in VALUES])


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("20,64", ",", 20.64),
        ("-1.234.567,5", ",", -1234567.5),
        ("1'234.5", ".", 1234.5),
        ("1\u202f234,5", ",", 1234.5),
        ("12,34,567.8", ".", 1234567.8),
        ("−0.5", ".", -0.5),
        ("(1,234.50)", ".", -1234.5),
        ("$-5", ".", -5.0),
        ("5 €", ",", 5.0),
        ("1,5e3", ",", 1500.0),
        ("٣٫٥", ",", 3.5),
        ("0,123", ".", None),
        ("1,23", ".", None),
        ("1.5", ",", None),
        ("1_000", ".", None),
        ("nan", ".", None),
        ("1e999", ",", None),
        ("2019-01-01", ".", None),
        ("", ".", None),
    ],
)
def test_a_number_as_people_write_it(cell: str, decimal: str, value: float | None) -> None:
    assert parse_number(cell, decimal) == value


@pytest.mark.parametrize(
    ("cells", "separator", "decimal"),
    [
        (["1,234", "950"], ";", "."),
        (["1,234", "2,345"], ";", ","),
        (["1,234", "2,345"], ",", "."),
        (["0,234", "2,345"], ",", ","),
        (["1.020", "950"], ";", ","),
        (["1.020", "2.345"], ";", "."),
        (["1.234.567", "1.5"], ";", "."),
        (["1", "2"], ";", "."),
    ],
)
def test_the_decimal_sign_is_judged_with_the_other_cells(cells: list[str], separator: str, decimal: str) -> None:
    assert judge_decimal_sign([cells], separator) == decimal


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 1, 2, 3], "counter"),
        ([3, 2, 1, 0], "counter"),
        ([0, 1, 2, 5, *range(6, 60)], "counter"),
        ([1749.042, 1749.123, 1749.204, 1749.288], "counter"),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2], "counter"),
        ([29, 30, 31, 1, 2, 27, 28, 1], "value"),
        ([1949, 1949, 1950, 1950, 1951], "year"),
        ([20190101, 20190102, 20190131, 20190201], "date"),
        ([7, 7, 7], "constant"),
        ([0, 1, 0, 0, 1], "value"),
        ([20.6, 21.5, 21.7, 22.0], "value"),
        ([1e308, -1e308], "value"),
    ],
)
def test_what_a_column_of_numbers_is(values: list[float], kind: str) -> None:
    assert judge_number_kind([float(value) for value in values]) == kind


@pytest.mark.parametrize(
    ("cells", "back"),
    [
        (["2019-01-31", "2019-02-01"], False),
        (["2019-02-01", "2019-01-31"], True),
        (["01.02.2019", "31.01.2019"], True),
        (["01/31/2019", "02/01/2019"], False),
        (["31 Jan 2019", "1 Feb 2019"], False),
        (["2020", "2019", "2019"], True),
        (["2019-01-01 12:00", "2019-01-01 11:00"], True),
        (["12/2019", "01/2020"], False),
        (["2019-01-02", "2019-01-01", "2019-01-03"], None),
    ],
)
def test_whether_a_column_goes_back_in_time(cells: list[str], back: bool | None) -> None:
    assert goes_back_in_time(cells, ".") is back


def test_a_choice_is_asked_for_with_the_first_values_of_each(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        read_content(tmp_path, "t,rain,level\n" + format_series("{n},{x},1{x}\n"))
    assert str(caught.value).endswith(
        "own.csv has 2 columns that can be the series: “rain” (20.00, 21.01, 22.02, …), “level” (120.00, 121.01, 122.02, …). "
        "Choose one with column=NAME."
    )
    with pytest.raises(Invalid, match=r"“t” .0, 1, 2, …; only counts., “x” .20.00 °C, 21.01 °C, 22.02 °C, …; no number in 60"):
        read_content(tmp_path, "t,x\n" + format_series("{n},{x} °C\n"))


def test_what_was_read_is_said(tmp_path: Path) -> None:
    rows = [f"2019-01-{n:02};{n % 7},5" for n in range(28, 0, -1)]
    reads = describe_series_file("own.csv", read_content(tmp_path, "\n".join(["sep=;", "# said", "day;level", *rows])))
    assert reads == {
        "file": "own.csv",
        "column": "level",
        "separator": ";",
        "decimal": ",",
        "rows": 28,
        "skipped": 2,
        "reversed": True,
    }
    assert format_reads(reads) == (
        "Read from own.csv: the column “level”, 28 rows. The columns are separated by semicolons. Numbers have a decimal "
        "comma. 2 lines that are no data were skipped. The rows went back in time and were turned round."
    )


def check_any_content(folder: Path, content: bytes) -> None:
    """Check that a file of any content is a series or is refused in one sentence."""
    try:
        values = read_content(folder, content).values
    except Invalid as invalid:
        values, refusal = np.zeros(1), str(invalid)
    else:
        refusal = ""
    assert len(refusal) < 800
    assert np.isfinite(values).all()
    assert len(values) > 0


contents = st.one_of(
    st.binary(max_size=200),
    st.text(alphabet=',;|\t"\n\r#.-−%€0123456789 eEax\u00a0/:=s', max_size=200).map(str.encode),
    st.tuples(generated_series(), st.integers(0, 400), st.binary(min_size=1, max_size=6)).map(
        lambda one: one[0].content[: one[1]] + one[2] + one[0].content[one[1] :]
    ),
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=contents)
def test_any_file_is_a_series_or_refused(tmp_path: Path, content: bytes) -> None:
    check_any_content(tmp_path, content)


@pytest.mark.slow
@settings(max_examples=100_000, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=contents)
def test_a_hundred_thousand_files_are_series_or_refused(tmp_path: Path, content: bytes) -> None:
    check_any_content(tmp_path, content)
