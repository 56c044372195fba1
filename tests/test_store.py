"""The store. Oracle: the events that were handed over, a manual clock, a process that is killed, files damaged by hand."""

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.experiment.experiment import Experiment, build_experiment
from core.experiment.study import Study
from core.runs.history import History
from core.runs.recording import FOLDER, read
from core.runs.run import Run
from core.runs.settings import Settings
from core.store import run_log, writer
from core.store.database import Database
from core.store.retention import DAY
from core.store.schema import MIGRATIONS, migrate
from core.store.store import MAX_NAME_LENGTH, NOTHING, Store, open_store
from core.store.writer import StoreProblem
from core.tasks.task import CORPUS_OPTION
from core.training.events import Event, make_record
from tests.manual_clock import ManualClock
from tests.strategies import experiments

ROOT = Path(__file__).parents[1]
RECALL = build_experiment("delayed-recall")
VERSIONS = {"program": "abc1234", "torch": "2.13.0", "data": "0" * 64}
ANNA, BERT = "a" * 32, "b" * 32  # keys of browsers
TIMEOUT = 60  # seconds


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_800_000_000.0)


@pytest.fixture
def store(tmp_path: Path, clock: ManualClock) -> Iterator[Store]:
    store = make_store(tmp_path, clock)
    yield store
    store.close()


def make_store(folder: Path, clock: ManualClock, settings: Settings | None = None) -> Store:
    return Store(folder, settings, clock, lambda: VERSIONS)


def make_events(updates: int = 6, best: float = 0.5) -> list[Event]:
    """Return the events of an invented run: every second update is evaluated, the best in the middle."""
    records = []
    for update in range(updates + 1):
        accuracy = best if update == updates // 2 // 2 * 2 else best / 2
        evaluated = (
            {"train_loss_clean": 1 / 3, "val_loss": 0.1 + update, "val": {"accuracy": accuracy}} if update % 2 == 0 else {}
        )
        records.append(make_record(update, update / 2, 1.0 / (update + 1), evaluated, predicted=[[update]]))
    return [
        {"event": "started", "version": 1, "updates": updates, "updates_per_epoch": 2, "metric": "accuracy", "baseline": 0.125},
        *records,
        {"event": "done", "test": {"accuracy": 1.0}, "update": updates, "seconds": 3.0},
    ]


def add_run(store: Store, visit: str, run_id: str, events: Sequence[Event], experiment: Experiment = RECALL) -> None:
    """Store a run as the service does: its events pass through `Run.add`."""
    run = Run(run_id, visit, experiment, listener=store.begin_run(run_id, visit, experiment))
    for event in events:
        run.add(event)


def drop_predictions(events: Sequence[Event]) -> list[Event]:
    return [{name: value for name, value in event.items() if name != "predicted"} for event in events]


def test_a_run_is_read_back_as_it_was(store: Store) -> None:
    events = make_events()
    add_run(store, "visit", "one", events)
    store.flush()
    run = store.read_run("visit", "one")
    assert list(run.events) == drop_predictions(events)
    assert run.experiment == RECALL
    assert run.made["commit"] == "abc1234"
    (summary,) = store.list_runs("visit", 10)
    assert (summary.best, summary.best_update, summary.updates, summary.state) == (0.5, 2, 6, "finished")


numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**20), 10**20)


@st.composite
def run_events(draw: st.DrawFn) -> list[Event]:
    """Draw the events of a run: any numbers, outputs of evaluations, changes between any two updates, and any end."""
    events: list[Event] = [
        {"event": "started", "version": 1, "updates": draw(st.integers(0, 99)), "reads": draw(st.none() | st.text())}
    ]
    for update in range(draw(st.integers(0, 12))):
        evaluated = {"train_loss_clean": draw(numbers), "val_loss": draw(numbers), "val": {"accuracy": draw(numbers)}}
        more: dict[str, Any] = draw(st.dictionaries(st.sampled_from(["forecast", "confusion", "predicted"]), st.lists(numbers)))
        record = make_record(update, 0.5, draw(st.floats(-9, 9)), draw(st.sampled_from([None, evaluated])), **more)
        events.append(record | draw(st.sampled_from([{}, {"written": "ein “Wort”\n\\"}])))
        changes = st.integers(0, 99).map(lambda seed: {"event": "changed", "update": update, "mask_seed": seed})  # noqa: B023
        events += draw(st.lists(changes, max_size=2))
    last = max([0, *(event["update"] for event in events if event["event"] == "record")])
    ends: list[Event] = [{"event": "done", "test": {}, "update": last}, {"event": "failed", "update": last, "reason": "ü"}]
    return [*events, draw(st.sampled_from(ends))]


@given(events=run_events(), experiment=experiments(), cuts=st.sets(st.integers(1, 30)))
@settings(max_examples=40)
def test_any_run_is_read_back_whatever_is_written_at_once(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event], experiment: Experiment, cuts: set[int]
) -> None:
    """Numbers come back to the last digit, changes at their place."""
    store = make_store(tmp_path_factory.mktemp("store"), ManualClock())
    try:
        run = Run("one", "visit", experiment, listener=store.begin_run("one", "visit", experiment))
        for place, event in enumerate(events):
            if place in cuts:
                store.flush()
            run.add(event)
        store.flush()
        read_back = store.read_run("visit", "one")
        assert list(read_back.events) == drop_predictions(events)
        assert read_back.experiment == experiment
    finally:
        store.close()


def test_the_recorded_run_of_the_app_can_be_stored(store: Store) -> None:
    recorded = read(FOLDER / "default.jsonl.gz")
    add_run(store, "visit", "default", recorded.events, recorded.experiment)
    store.flush()
    run = store.read_run("visit", "default")
    assert run.experiment == recorded.experiment
    assert list(run.events) == drop_predictions(recorded.events)
    assert store.path.stat().st_size < 300_000


def test_the_events_are_handed_over_without_what_each_update_predicted() -> None:
    history = History(10, 10)
    record = make_record(1, 0.5, 0.25, None, predicted=[[1]], confusion=[[1, 2]])
    assert json.loads(history.add(record)) == {name: value for name, value in record.items() if name != "predicted"}


def test_a_long_run_is_thinned(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_log, "MAX_RECORDS", 200)
    monkeypatch.setattr(run_log, "PACK_EVERY", 500)
    events = make_events(3000)
    events.insert(1500, {"event": "changed", "update": 1498, "mask_seed": 3})
    run = Run("long", "visit", RECALL, listener=store.begin_run("long", "visit", RECALL))
    for place, event in enumerate(events):
        run.add(event)
        if place % 100 == 0:
            store.flush()
    store.flush()
    stored = list(store.read_run("visit", "long").events)
    assert 50 < len(stored) <= 210
    assert (stored[0], stored[-1]) == (events[0], events[-1])
    place = next(place for place, event in enumerate(stored) if event["event"] == "changed")
    assert stored[place - 1]["update"] <= 1498 < stored[place + 1]["update"]
    assert store.list_runs("visit", 1)[0].updates == 3000
    assert store.list_runs("visit", 1)[0].best_update == 1500


def test_a_visitor_never_sees_the_runs_of_another(store: Store) -> None:
    store.set_browser("tab of anna", ANNA)
    store.set_browser("tab of bert", BERT)
    add_run(store, "tab of anna", "hers", make_events())
    add_run(store, "tab of bert", "his", make_events())
    store.set_browser("her second tab", ANNA)
    store.flush()
    assert [run.id for run in store.list_runs("her second tab", 10)] == ["hers"]
    assert [run.id for run in store.list_runs("tab of bert", 10)] == ["his"]
    assert store.list_runs("a stranger", 10) == []
    assert store.find_run("tab of bert", "hers") is None
    with pytest.raises(Invalid, match="no longer stored"):
        store.read_run("tab of bert", "hers")
    store.rename_run("tab of bert", "hers", "mine")
    store.delete_run("tab of bert", "hers")
    store.delete_all("tab of bert")
    (run,) = store.list_runs("tab of anna", 10)
    assert run.name == ""
    assert store.count_runs("tab of bert") == 0


def test_a_run_from_before_the_browser_was_known_becomes_its_own(store: Store) -> None:
    add_run(store, "tab", "early", make_events())
    store.flush()
    assert store.count_runs("tab") == 1, "of the visit alone"
    store.set_browser("tab", ANNA)
    store.set_browser("another tab", ANNA)
    store.flush()
    assert store.count_runs("tab") == store.count_runs("another tab") == 1


@pytest.mark.parametrize("key", ["", "A" * 32, "a" * 31, "a" * 33, "' OR 1=1 --", "é" * 32])
def test_what_is_no_key_is_ignored(store: Store, key: str) -> None:
    add_run(store, "tab", "one", make_events())
    store.set_browser("tab", key)
    store.flush()
    assert store.count_runs("tab") == 1


def test_the_file_holds_no_key_and_is_its_owners_alone(store: Store) -> None:
    store.set_browser("tab", ANNA)
    add_run(store, "tab", "one", make_events())
    store.flush()
    for path in store.path.parent.iterdir():
        assert ANNA.encode() not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0


def test_names_are_kept_short_and_in_one_line(store: Store) -> None:
    add_run(store, "tab", "one", make_events())
    store.flush()
    store.rename_run("tab", "one", "  a \n name " + "x" * 100)
    (run,) = store.list_runs("tab", 10)
    assert run.name == ("a name " + "x" * 100)[:MAX_NAME_LENGTH]


def test_what_is_deleted_while_it_runs_is_stored_no_further(store: Store) -> None:
    events = make_events()
    run = Run("one", "tab", RECALL, listener=store.begin_run("one", "tab", RECALL))
    for event in events[:4]:
        run.add(event)
    store.flush()
    store.delete_run("tab", "one")
    for event in events[4:]:
        run.add(event)
    store.flush()
    assert store.count_runs("tab") == 0
    assert store.list_problems() == []


def test_a_run_that_has_not_ended_is_read_up_to_its_newest_update(store: Store) -> None:
    add_run(store, "tab", "one", make_events()[:5])
    store.flush()
    run = store.read_run("tab", "one")
    assert run.events[-1] == {"event": "stopped", "update": 3, "seconds": 0.0}
    assert store.list_runs("tab", 1)[0].state == "running"


def test_a_run_on_an_uploaded_file_is_not_stored(store: Store, tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("a b c d " * 200)
    experiment = build_experiment("language-model", {CORPUS_OPTION: str(tmp_path / "own.txt")})
    assert store.begin_run("one", "tab", experiment) is None


def test_runs_are_deleted_after_a_week(tmp_path: Path, clock: ManualClock) -> None:
    store = make_store(tmp_path, clock)
    add_run(store, "tab", "old", make_events())
    store.flush()
    clock.now += 6.9 * DAY
    add_run(store, "tab", "new", make_events())
    store.close()
    store = make_store(tmp_path, clock)
    store.flush()
    assert [run.id for run in store.list_runs("tab", 9)] == ["new", "old"]
    store.close()
    clock.now += 0.2 * DAY
    store = make_store(tmp_path, clock)
    store.flush()
    assert [run.id for run in store.list_runs("tab", 9)] == ["new"]
    store.close()
    clock.now += 400 * DAY
    for days, expected in ((0, 1), (7, 0)):
        store = make_store(tmp_path, clock, Settings(store_days=days))
        store.flush()
        assert store.count_runs("tab") == expected
        store.close()


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"stored_runs_per_browser": 2}, {"anna": ["a3", "a2"], "bert": ["b1", "b0"]}),
        ({"stored_runs": 3}, {"anna": ["a3"], "bert": ["b1", "b0"]}),
        ({"store_memory_per_browser": 0}, {"anna": ["a3"], "bert": ["b1"]}),
        ({"store_memory": 0}, {"anna": [], "bert": []}),
        ({}, {"anna": ["a3", "a2", "a1", "a0"], "bert": ["b1", "b0"]}),
    ],
)
def test_the_oldest_go_where_there_are_too_many(
    tmp_path: Path, clock: ManualClock, limits: dict[str, int], expected: dict[str, list[str]]
) -> None:
    store = make_store(tmp_path, clock)
    for name in ("a0", "a1", "a2", "a3", "b0", "b1"):
        clock.now += 60
        add_run(store, {"a": "anna", "b": "bert"}[name[0]], name, make_events())
    store.close()
    store = make_store(tmp_path, clock, Settings(**limits))  # type: ignore[arg-type]
    store.flush()
    assert {visit: [run.id for run in store.list_runs(visit, 9)] for visit in expected} == expected
    store.close()
    with sqlite3.connect(tmp_path / "runs.sqlite3") as connection:
        stored = sum(map(len, expected.values()))
        assert connection.execute("SELECT COUNT(DISTINCT run) FROM events").fetchone() == (stored,)
        assert connection.execute("SELECT COUNT(*) FROM versions").fetchone() == (1 if stored else 0,)
    connection.close()


def test_two_servers_sweep_one_file_and_see_what_the_other_writes(tmp_path: Path, clock: ManualClock) -> None:
    store = make_store(tmp_path, clock)
    for number in range(20):
        add_run(store, "tab", str(number), make_events())
    store.close()
    clock.now += 8 * DAY
    servers = [make_store(tmp_path, clock) for _n in range(2)]
    for server in servers:
        server.flush()
        assert server.count_runs("tab") == 0
    add_run(servers[0], "tab", "new", make_events())
    servers[0].flush()
    assert [run.id for run in servers[1].list_runs("tab", 9)] == ["new"]
    for server in servers:
        assert server.list_problems() == []
        server.close()


def make_study(seeds: tuple[int, ...] = (7, 8)) -> Study:
    without = build_experiment("delayed-recall", placement=METHODS["none"].build_placement())
    return Study((("with", RECALL), ("without", without)), seeds)


def test_a_study_is_saved_replaced_and_deleted(store: Store, clock: ManualClock) -> None:
    results = [["point", 0, 1.5, 1 / 3, None], ["ended", 1, "finished", "ü"]]
    store.save_study("tab", "one", " where should\n it go? ", make_study(), results[:1])
    clock.now += 60
    store.save_study("tab", "two", "empty", make_study(), [])
    clock.now += 60
    store.save_study("tab", "one", "where should it go?", make_study((7, 8, 9)), results)
    one, two = store.list_studies("tab")
    assert (one.id, one.name, one.study, one.saved) == ("one", "where should it go?", make_study((7, 8, 9)), clock.now)
    assert (two.id, two.study) == ("two", make_study())
    assert store.read_results("tab", "one") == results
    assert store.read_results("tab", "two") == []
    store.delete_study("tab", "one")
    with pytest.raises(Invalid, match="no longer stored"):
        store.read_results("tab", "one")
    store.delete_all("tab")
    assert store.list_studies("tab") == []


def test_a_visitor_never_sees_the_studies_of_another(store: Store) -> None:
    store.save_study("tab", "one", "hers", make_study(), [1])
    store.set_browser("tab", ANNA)
    store.save_study("tab of bert", "one", "his", make_study((1,)), [2])
    store.delete_study("tab of bert", "one")
    store.delete_all("tab of bert")
    assert store.list_studies("tab of bert") == []
    with pytest.raises(Invalid, match="no longer stored"):
        store.read_results("tab of bert", "one")
    (study,) = store.list_studies("tab")
    assert (study.name, study.study) == ("hers", make_study())
    assert store.read_results("tab", "one") == [1]


def test_a_study_on_an_uploaded_file_is_not_stored(store: Store, tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("a b c d " * 200)
    study = Study((("own", build_experiment("language-model", {CORPUS_OPTION: str(tmp_path / "own.txt")})),), (7,))
    with pytest.raises(Invalid, match="uploaded file"):
        store.save_study("tab", "one", "own", study, [])
    assert store.list_studies("tab") == []


def test_the_oldest_studies_go_first(tmp_path: Path, clock: ManualClock) -> None:
    store = make_store(tmp_path, clock)
    for number in range(4):
        clock.now += DAY
        store.save_study("tab" if number % 2 else "another", str(number), "", make_study(), [])
    store.close()

    def list_left(settings: Settings) -> list[str]:
        swept = make_store(tmp_path, clock, settings)
        swept.flush()
        names = [study.id for visit in ("tab", "another") for study in swept.list_studies(visit)]
        swept.close()
        return names

    assert list_left(Settings()) == ["3", "1", "2", "0"]
    assert list_left(Settings(stored_studies=3)) == ["3", "1", "2"]
    assert list_left(Settings(stored_studies_per_browser=1)) == ["3", "2"]
    assert list_left(Settings(store_days=0.5)) == ["3"]


WRITE_FOR_EVER = """
import sys
from pathlib import Path
from core.store.schema import MIGRATIONS, migrate
from core.store.store import Store
from tests.test_store import RECALL, VERSIONS, make_events
from core.runs.run import Run
store = Store(Path(sys.argv[1]), get_versions=lambda: VERSIONS)
events, number = make_events(400), 0
while True:
    name = f"{sys.argv[2]}-{number}"
    run = Run(name, "tab", RECALL, listener=store.begin_run(name, "tab", RECALL))
    for event in events:
        run.add(event)
    store.flush()
    number += 1
    print(number, flush=True)
"""


def start_writer(folder: Path, name: str) -> subprocess.Popen[str]:
    """Start a process that writes whole runs until it is killed, and prints how many it has written."""
    command = [sys.executable, "-c", WRITE_FOR_EVER, str(folder), name]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


def read_lines(process: "subprocess.Popen[str]", number: int) -> None:
    assert process.stdout
    for _line in range(number):
        assert process.stdout.readline()


def test_two_servers_write_and_sweep_one_file_and_one_is_killed(tmp_path: Path) -> None:
    """Every run in the file is whole, or has whole batches; the other server goes on; the file opens again."""
    with start_writer(tmp_path, "one") as one, start_writer(tmp_path, "two") as two:
        read_lines(one, 3)
        read_lines(two, 3)
        one.send_signal(signal.SIGKILL)
        one.wait(TIMEOUT)
        read_lines(two, 2)
        two.send_signal(signal.SIGKILL)
        two.wait(TIMEOUT)
    store = Store(tmp_path, get_versions=lambda: VERSIONS)
    store.flush()
    runs = store.list_runs("tab", 1000)
    assert {run.id.split("-")[0] for run in runs} == {"one", "two"}
    whole = drop_predictions(make_events(400))
    ended = [run for run in runs if run.state == "finished"]
    assert len(ended) >= 8
    for run in runs:
        events = list(store.read_run("tab", run.id).events)
        assert events == whole if run.state == "finished" else events[:-1] == whole[: len(events) - 1]
    assert store.list_problems() == []
    store.close()
    with sqlite3.connect(tmp_path / "runs.sqlite3") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


@pytest.mark.parametrize("content", [b"no database at all, but a text" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_set_aside_and_a_new_one_begins(tmp_path: Path, clock: ManualClock, content: bytes) -> None:
    (tmp_path / "runs.sqlite3").write_bytes(content)
    store = make_store(tmp_path, clock)
    add_run(store, "tab", "one", make_events())
    store.flush()
    (sentence,) = store.list_problems()
    assert store.count_runs("tab") == 1
    store.close()
    (aside,) = (path for path in tmp_path.iterdir() if "damaged" in path.name)
    assert aside.read_bytes() == content
    assert aside.name in sentence


def test_a_file_damaged_in_its_middle_is_set_aside_when_a_reader_finds_it(tmp_path: Path, clock: ManualClock) -> None:
    store = make_store(tmp_path, clock)
    for number in range(40):
        add_run(store, "tab", f"run {number}", make_events(300))
    store.close()
    store = make_store(tmp_path, clock)
    store.flush()
    with (tmp_path / "runs.sqlite3").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (store.path.stat().st_size - 4096))
    with pytest.raises(Invalid, match="cannot be read now"):
        store.list_runs("tab", 10)
    while not any("damaged" in one.name for one in tmp_path.iterdir()):
        with suppress(StoreProblem):
            store.flush()
    add_run(store, "tab", "after", make_events())
    store.flush()
    assert [run.id for run in store.list_runs("tab", 10)] == ["after"]
    assert "set aside" in store.list_problems()[0]
    store.close()


def test_a_damaged_file_that_another_server_has_replaced_stays(tmp_path: Path, clock: ManualClock) -> None:
    database = Database(tmp_path, clock)
    database.path.write_bytes(b"damaged")
    identity = database.read_identity()
    assert database.set_aside(identity) != ""
    database.open_for_writing().close()
    assert database.set_aside(identity) == ""
    assert database.path.exists()


@pytest.mark.parametrize(
    ("pragma", "sentence"), [("max_page_count = 1", "disk of this server is full"), ("query_only = ON", "may not write")]
)
def test_without_room_or_right_there_is_a_sentence_and_what_waits_is_written_later(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, pragma: str, sentence: str
) -> None:
    """SQLite itself refuses, as the pragma asks it to."""
    store = make_store(tmp_path, clock)
    add_run(store, "tab", "before", make_events())
    store.close()
    open_for_writing = Database.open_for_writing

    def open_limited(database: Database) -> sqlite3.Connection:
        connection = open_for_writing(database)
        connection.execute(f"PRAGMA {pragma}").fetchall()
        return connection

    with monkeypatch.context() as patch:
        patch.setattr(Database, "open_for_writing", open_limited)
        store = make_store(tmp_path, clock)
        add_run(store, "tab", "after", make_events(3000))
        with pytest.raises(StoreProblem):
            store.flush()
        assert sentence in store.list_problems()[0]
        assert [run.id for run in store.list_runs("tab", 10)] == ["before"], "what is there can still be read"
    store.flush()
    assert store.list_problems() == []
    assert len(store.read_run("tab", "after").events) == 3003
    store.close()


def test_a_file_that_another_program_holds_is_a_sentence(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.flush()
    store._writer.submit(lambda connection: connection.execute("PRAGMA busy_timeout = 1").fetchall()).result()
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    add_run(store, "tab", "one", make_events())
    with pytest.raises(StoreProblem):
        store.flush()
    assert "Another program holds the file" in store.list_problems()[0]
    other.execute("ROLLBACK")
    other.close()
    store.flush()
    assert store.list_problems() == []
    assert len(store.read_run("tab", "one").events) == len(make_events())


def test_a_folder_that_cannot_be_made_is_a_sentence_and_the_rest_goes_on(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "file").touch()
    store = make_store(tmp_path / "file", clock)
    add_run(store, "tab", "one", make_events())
    with pytest.raises(StoreProblem):
        store.flush()
    assert "cannot be used now" in store.list_problems()[0]
    with pytest.raises(Invalid, match="cannot be read now"):
        store.list_runs("tab", 10)
    with pytest.raises(Invalid, match="cannot be used now"):
        store.rename_run("tab", "one", "name")
    store.close()


@pytest.mark.parametrize(
    ("number", "sentence"), [(errno.ENOSPC, "is full"), (errno.EROFS, "may not write"), (errno.EACCES, "may not write")]
)
def test_what_the_file_system_refuses_is_a_sentence(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, number: int, sentence: str
) -> None:
    def refuse(*_arguments: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("core.store.database.os.open", refuse)
    store = make_store(tmp_path, clock)
    with pytest.raises(StoreProblem):
        store.flush()
    assert sentence in store.list_problems()[0]
    monkeypatch.undo()
    store.flush()
    assert store.list_problems() == []
    store.close()


def test_what_cannot_be_written_is_given_up_beyond_a_bound(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_PENDING", 20)
    (tmp_path / "file").touch()
    store = make_store(tmp_path / "file", clock)
    add_run(store, "tab", "many", make_events(50))
    with pytest.raises(StoreProblem):
        store.flush()
    (tmp_path / "file").unlink()
    add_run(store, "tab", "later", make_events())
    store.flush()
    assert [run.id for run in store.list_runs("tab", 10)] == ["later"]
    store.close()


def test_a_mistake_of_the_program_is_logged_and_the_next_write_succeeds(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store.flush()
    with pytest.raises(StoreProblem):
        store._writer.submit(lambda connection: 1 / 0).result()
    assert "ZeroDivisionError" in caplog.text
    add_run(store, "tab", "one", make_events())
    store.flush()
    assert store.count_runs("tab") == 1


# The first schema, as the first version of the program wrote it, with a run.
SCHEMA_1 = """
CREATE TABLE versions (
    id INTEGER PRIMARY KEY, program TEXT NOT NULL, torch TEXT NOT NULL, data TEXT NOT NULL, UNIQUE (program, torch, data));
CREATE TABLE runs (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, experiment TEXT NOT NULL,
    version INTEGER NOT NULL REFERENCES versions, started REAL NOT NULL, ended REAL, state TEXT NOT NULL,
    updates INTEGER NOT NULL, best REAL, best_update INTEGER, bytes INTEGER NOT NULL);
CREATE INDEX runs_of_owner ON runs (owner, started);
CREATE TABLE events (
    run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, number INTEGER NOT NULL, packed BLOB NOT NULL,
    PRIMARY KEY (run, number));
CREATE TABLE changes (
    run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, number INTEGER NOT NULL, event TEXT NOT NULL,
    PRIMARY KEY (run, number));
INSERT INTO versions VALUES (1, 'abc1234', '2.13.0', 'feed');
INSERT INTO runs VALUES (
    'one', '7cdb0a62c2bc7b62d7b4b8a14b1ff26b3d4bbd6d1b3ed6cbaad3e0d1c76ef7ee', 'my first', '{"task": "delayed-recall"}', 1,
    1800000000.0, 1800000060.0, 'finished', 2, 0.5, 1, 100);
INSERT INTO changes VALUES ('one', 3, '{"event": "changed", "update": 1, "mask_seed": 3}');
PRAGMA user_version = 1;
"""
NOT_EVALUATED = '"train_loss_clean": null, "val_loss": null, "val": null}'
LINES_1 = {
    0: [
        '{"event": "started", "version": 1, "updates": 2, "updates_per_epoch": 2, "metric": "accuracy"}',
        '{"event": "record", "update": 0, "epoch": 0.0, "train_loss": 2.0, ' + NOT_EVALUATED,
        '{"event": "record", "update": 1, "epoch": 0.5, "train_loss": 1.5, ' + NOT_EVALUATED,
    ],
    4: ['{"event": "stopped", "update": 1, "seconds": 3.0}'],
}


def test_a_file_of_the_first_version_is_read_and_goes_on(tmp_path: Path, clock: ManualClock) -> None:
    with sqlite3.connect(tmp_path / "runs.sqlite3") as connection:
        connection.executescript(SCHEMA_1)
        connection.execute("UPDATE runs SET owner = ?", (sha256(ANNA.encode()).hexdigest(),))
        rows = [("one", number, zlib.compress("\n".join(lines).encode())) for number, lines in LINES_1.items()]
        connection.executemany("INSERT INTO events VALUES (?, ?, ?)", rows)
    connection.close()
    store = make_store(tmp_path, clock)
    store.set_browser("tab", ANNA)
    add_run(store, "tab", "two", make_events())
    store.flush()
    assert {run.id: run.name for run in store.list_runs("tab", 10)} == {"one": "my first", "two": ""}
    events = store.read_run("tab", "one").events
    assert [event["event"] for event in events] == ["started", "record", "record", "changed", "stopped"]
    assert store.list_problems() == []
    store.close()
    with sqlite3.connect(tmp_path / "runs.sqlite3") as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    connection.close()


def test_every_migration_leads_to_the_schema_of_a_new_file(tmp_path: Path) -> None:
    def read_schema(connection: sqlite3.Connection) -> set[tuple[str, str]]:
        rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
        return {(name, " ".join(sql.split()).replace("( ", "(")) for name, sql in rows}

    with sqlite3.connect(":memory:", isolation_level=None) as old:
        old.executescript(SCHEMA_1)
        migrate(old)
        new = Database(tmp_path).open_for_writing()
        assert read_schema(old) == read_schema(new)
        new.close()
    old.close()


def test_a_file_of_a_newer_program_is_left_as_it_is(tmp_path: Path, clock: ManualClock) -> None:
    with sqlite3.connect(tmp_path / "runs.sqlite3") as connection:
        connection.execute("CREATE TABLE future (x)")
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    store = make_store(tmp_path, clock)
    add_run(store, "tab", "one", make_events())
    with pytest.raises(StoreProblem):
        store.flush()
    assert "newer version" in store.list_problems()[0]
    store.close()
    assert [path.name for path in tmp_path.iterdir() if "damaged" in path.name] == []
    with sqlite3.connect(tmp_path / "runs.sqlite3") as connection:
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("future",)]
    connection.close()


def test_a_new_store_is_empty_from_its_first_moment(tmp_path: Path, clock: ManualClock) -> None:
    for number in range(5):
        store = make_store(tmp_path / str(number), clock)
        assert store.count_runs("tab") == 0
        store.close()


def test_the_store_can_be_switched_off(tmp_path: Path) -> None:
    assert open_store(Settings(store=NOTHING)) is None
    store = open_store(Settings(store=str(tmp_path / "place")))
    assert store is not None
    store.close()
    assert [path.name for path in (tmp_path / "place").iterdir()] == ["runs.sqlite3"]
