"""Uploaded files: kept for their owner alone, checked by the command line's validator, removed after the visit.

Oracles: the file system, a clock that is set by hand, and the sentences that say what is wrong.
"""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from core.errors import Invalid
from core.experiment.batches import load_data
from core.experiment.experiment import build_experiment
from core.experiment.serialization import (
    from_json,
    from_plain,
    from_query,
    get_missing_file_columns,
    to_json,
    to_plain,
    to_query,
)
from core.runs.settings import MB, Settings
from core.runs.uploads import Uploads
from core.tasks.file_readers import MAX_OFFERED_COLUMNS
from core.tasks.series_file import find_series_column, list_csv_columns
from core.tasks.text_file import MAX_FILE_BYTES, get_display_name, make_upload_name
from tests.manual_clock import ManualClock

KEPT = Settings.grace_time + Settings.keep_time


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def uploads(tmp_path: Path, clock: ManualClock) -> Uploads:
    return Uploads(tmp_path / "kept", clock)


def test_a_file_is_private_and_named_by_what_is_in_it(uploads: Uploads, tmp_path: Path) -> None:
    path = Path(uploads.save_file("ann", "../../my réglages/*?.csv", b"1\n2\n"))
    assert path.parent == tmp_path / "kept" / "ann"
    assert path.name.startswith(sha256(b"1\n2\n").hexdigest())
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert path.read_bytes() == b"1\n2\n"
    assert get_display_name(str(path)) == ".._.._my réglages___.csv"
    assert uploads.save_file("ann", "../../my réglages/*?.csv", b"1\n2\n") == str(path)
    assert len(make_upload_name("0" * 64, "𝕏" * 500).encode()) < 255


def test_nobody_reads_a_path_that_is_not_of_the_own_visit(uploads: Uploads) -> None:
    path = uploads.save_file("ann", "a.csv", b"1\n")
    uploads.check("ann", build_experiment("series", {"corpus": path}))
    uploads.check("bob", build_experiment("series"))
    beside = str(Path(path).with_name("other"))
    for owner, asked in (("bob", path), ("ann", "/etc/hostname"), ("ann", f"{path}/../../../x"), ("ann", beside), ("", "")):
        assert not uploads.has_file(owner, asked)
    with pytest.raises(Invalid, match="no longer here; upload it again"):
        uploads.check("bob", build_experiment("series", {"corpus": path}))


def test_files_go_with_the_visit_or_by_age(uploads: Uploads, clock: ManualClock) -> None:
    kept = {owner: uploads.save_file(owner, "a.csv", owner.encode()) for owner in ("ann", "bob", "eve")}
    uploads.release("ann")
    uploads.release("bob")
    clock.now = KEPT - 1
    uploads.tidy()
    assert uploads.has_file("bob", kept["bob"]), "bob's connection is back"
    clock.now = KEPT
    uploads.tidy()
    assert [Path(path).exists() for path in kept.values()] == [False, True, True]
    assert not Path(kept["ann"]).parent.exists()
    clock.now = Settings.idle_time
    uploads.tidy()
    assert [uploads.has_file(*one) for one in kept.items()] == [False, True, False]


def test_there_is_room_for_a_few_files_each(uploads: Uploads) -> None:
    most = Settings.upload_files
    paths = [uploads.save_file("ann", "a.csv", bytes([n])) for n in range(most)]
    with pytest.raises(Invalid, match=f"{most} files already"):
        uploads.save_file("ann", "a.csv", b"one more")
    assert uploads.save_file("ann", "a.csv", bytes([0])) == paths[0], "the same again is no new one"
    uploads.remove_file("ann", paths[0])
    uploads.save_file("ann", "a.csv", b"one more")


def test_there_are_so_many_megabytes_for_each_visit_and_for_all(tmp_path: Path, clock: ManualClock) -> None:
    """If the room is full, the files of the visits that left first are removed, but none of a visit that is present."""
    uploads = Uploads(tmp_path, clock, Settings(upload_memory=2, uploads_memory=5))
    first = uploads.save_file("ann", "a.csv", bytes(MB))
    uploads.save_file("ann", "a.csv", bytes(MB - 1) + b"1")
    with pytest.raises(Invalid, match="more than 2 MB together; remove one of them first"):
        uploads.save_file("ann", "a.csv", b"one more")
    kept = {owner: uploads.save_file(owner, "a.csv", bytes(MB)) for owner in ("bob", "eve", "dan")}
    with pytest.raises(Invalid, match="no room for more files"):
        uploads.save_file("new", "a.csv", b"1")
    for owner in ("eve", "bob", "ann"):
        uploads.release(owner)
    uploads.renew("ann")
    uploads.save_file("new", "a.csv", b"1")
    there = {owner: uploads.has_file(owner, path) for owner, path in (kept | {"ann": first}).items()}
    assert there == {"ann": True, "bob": True, "eve": False, "dan": True}


def test_idle_visits_give_way_the_longest_idle_first(tmp_path: Path, clock: ManualClock) -> None:
    uploads = Uploads(tmp_path, clock, Settings(upload_memory=2, uploads_memory=3, upload_idle_time=60))
    kept = {}
    for owner in ("ann", "bob", "eve"):
        kept[owner] = uploads.save_file(owner, "a.csv", bytes(MB))
        clock.now += 10
    uploads.renew("ann")
    clock.now = 69.9
    with pytest.raises(Invalid, match="no room for more files"):
        uploads.save_file("new", "a.csv", b"1")
    clock.now = 70.0
    uploads.save_file("new", "a.csv", b"1")
    assert [uploads.has_file(*one) for one in kept.items()] == [True, False, True]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty."),
        (b"\x89PNG\0\0", "is not a text file: it contains zero bytes."),
        (b"gr\x81\n1\n", "is not in UTF-8 (byte 2); save it in that encoding."),
        (b"word\n", "has a header row but no data."),
        (b"1," * 999 + b"1", f"has 1000 columns; at most {MAX_OFFERED_COLUMNS} can be chosen from. Leave some out."),
        (b"1\n" * (MAX_FILE_BYTES // 2) + b"1", f"has more than {MAX_FILE_BYTES} bytes."),
    ],
)
def test_what_is_wrong_with_a_file_is_said_by_the_name_that_it_came_with(uploads: Uploads, content: bytes, says: str) -> None:
    path = uploads.save_file("ann", "mine.csv", content)
    with pytest.raises(Invalid) as caught:
        list_csv_columns(path)
    assert str(caught.value) == f"The file mine.csv {says}"


def test_the_columns_that_can_be_chosen(tmp_path: Path) -> None:
    """Each column has a unique text, by which the task reads it."""
    path = tmp_path / "own.csv"
    path.write_text("x,y,x,,1e3\n" + "1,2,3,4,5\n1,a,4\n2,5,5,7,7\n" * 30)
    assert list_csv_columns(str(path)) == (("1", 0), ("y", 30), ("3", 0), ("4", 30), ("1e3", 30))
    read = load_data(build_experiment("series", {"corpus": str(path), "column": "3"}, batch=2))
    assert read.describe_input is not None
    assert [read.describe_input(next(read.split("train")).x[t, 0]) for t in range(4)] == ["3", "4", "5", "3"]


@pytest.mark.parametrize(
    ("columns_", "first"),
    [
        ("day,level\n0,3\n1,5\n2,4", "level"),
        ("level,day\n3,0\n5,1\n4,2", "level"),
        ("year,note,level\n1999,a,3\n2000,b,3\n2001,c,4", "level"),
        ("date,holes,level\n1749.042,,3\n1749.123,,5\n1749.204,,4\n1749.288,3,3", "level"),
        ("date,holes,level\n1749.042,,3\n1749.123,4,5\n1749.204,2,4\n1749.288,7,3", ""),
        ("day,again\n0,0\n1,10\n2,20", ""),
        ("day,level,height\n0,3,8\n1,5,6\n2,4,7", ""),
        ("a\n1\n2", "a"),
        ("a,a\n1,5\n2,7\n3,4", "2"),
        ("a,b\n1e308,3\n-1e308,4", "a"),
        ("station,level\n433,3\n433,7\n433,4", "level"),
        ("a,b\nx,y\n", ""),
        ("date,level\n0,3\n1,\n2,4", ""),
        ("date,note\n0,x\n1,y\n2,z", "date"),
    ],
)
def test_the_only_column_that_can_be_meant_is_chosen(tmp_path: Path, columns_: str, first: str) -> None:
    path = tmp_path / "own.csv"
    path.write_text(columns_)
    assert find_series_column(str(path)) == first


def test_neither_link_nor_file_carries_a_path() -> None:
    e = build_experiment("series", {"corpus": "/secret/level.csv", "column": "level"}, hidden=8)
    for text in (json.dumps(to_query(e)), to_json(e)):
        assert "secret" not in text
        assert get_missing_file_columns(json.loads(text)) == {"column": "level"}
    assert from_query(to_query(e)) == from_json(to_json(e)) == build_experiment("series", hidden=8)
    assert from_plain(to_plain(e), trusted=True) == e
    with pytest.raises(Invalid, match="can be given on the command line only"):
        from_json(json.dumps(to_plain(e)))
    for plain in (build_experiment("series"), build_experiment("digits")):
        assert get_missing_file_columns(to_query(plain)) is None
    assert from_query({"task": "series", "corpus": "/etc/passwd", "column": "x"}) == build_experiment("series")
    assert get_missing_file_columns(to_query(build_experiment("series", {"corpus": "a", "column": "x" * 101}))) == {}, (
        "too long for an address"
    )
