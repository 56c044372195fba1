"""The page of the stored runs. Oracle: invented runs that were put into the store; one run as the Lab showed it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.experiment.experiment import Experiment, build_experiment
from core.experiment.serialization import to_plain
from core.runs.pool import Pool
from core.store.run_files import to_json
from core.store.store import Store
from core.training.events import Event, select_events
from pages.common import visit
from pages.common.service import get_service, get_store
from tests.app_pages import check_page, load_page, read_panel, read_text
from tests.test_lab_page import open_lab, read_experiment, wait_for_run
from tests.test_store import add_run, drop_predictions, make_events

LAB, HISTORY = "pages/lab/lab.py", "pages/lab/history.py"
OWNER = "visit"
LINK = {"task": "delayed-recall", "lag": "3", "hidden": "8", "sequences": "64", "epochs": "2"}
RECALL = build_experiment("delayed-recall", {"lag": 3, "sequences": 64}, hidden=8, epochs=2)
OTHER = build_experiment("delayed-recall", {"lag": 4, "sequences": 64}, hidden=8, epochs=2)


@pytest.fixture(autouse=True)
def _service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Give each test a store of its own."""
    monkeypatch.setenv("DTT_STORE", str(tmp_path / "store"))
    get_service.clear()
    get_store.clear()
    yield
    get_service().close()
    get_service.clear()
    get_store.clear()


@pytest.fixture
def _no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start no process that trains."""
    monkeypatch.setattr(Pool, "plan", lambda pool: None)


def find_store() -> Store:
    """Return the store, which holds all that it was given."""
    store = get_store()
    assert store is not None
    store.flush()
    return store


def store_runs(*names: str, experiment: Experiment = RECALL, events: list[Event] | None = None) -> Store:
    """Store a run of the visit under each of these ids."""
    for name in names:
        add_run(find_store(), OWNER, name, events or make_events(), experiment)
    return find_store()


def open_history(choose: str = "", owner: str = OWNER) -> AppTest:
    """Open the history alone, as the visit of an owner, and choose a run; the experiment in hand is RECALL."""
    page = load_page(HISTORY, {})
    page.session_state["owner"] = owner
    page.run()
    page.session_state["visit"]["experiment"] = to_plain(RECALL)
    if choose:
        press(page, f"choose-{choose}")
    return check_page(page)


def list_rows(page: AppTest) -> list[str]:
    """Return the ids of the listed runs."""
    return [str(button.key).removeprefix("choose-") for button in page.button if str(button.key).startswith("choose-")]


def press(page: AppTest, key: str) -> AppTest:
    return check_page(page.button(key=key).click().run())


def list_earlier(page: AppTest) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = page.session_state["visit"]["earlier"]
    return runs


def select_curves(events: list[Event]) -> list[tuple[Any, ...]]:
    names = ("update", "epoch", "train_loss", "train_loss_clean", "val_loss")
    return [tuple(record[name] for name in names) for record in select_events(events, "record")]


@pytest.mark.usefixtures("_no_workers")
def test_a_run_is_listed_and_named() -> None:
    store_runs("one")
    page = open_history("one")
    (caption,) = [read_text(one) for one in page.caption if "update" in read_text(one)]
    assert page.button(key="choose-one").label == r"**Delayed recall · Zaremba et al\. 2014**"
    assert caption.startswith("20")
    assert caption.endswith("finished · 6 updates · best validation accuracy 50.0 % at update 2")
    page.text_input(key="name-one").input("my first *run*").run()
    assert page.button(key="choose-one").label == r"**my first \*run\***"
    assert any(read_text(one).startswith("Delayed recall · Zaremba et al. 2014 · 20") for one in page.caption)
    assert find_store().list_runs(OWNER, 1)[0].name == "my first *run*"


@pytest.mark.usefixtures("_no_workers")
def test_a_run_is_opened_with_its_experiment_as_it_was_at_its_end() -> None:
    events = make_events()
    events.insert(4, {"event": "changed", "update": 2, "mask_seed": 3})
    store_runs("one", experiment=OTHER, events=events)
    page = press(open_history("one"), "open-run")
    truth = page.session_state["visit"]
    assert truth["go_to_lab"]
    assert truth["experiment"] == to_plain(OTHER) | {"mask_seed": 3}
    assert truth["undo"][-1] == to_plain(RECALL)
    run = truth["run"]
    assert (run["began"], run["recorded"]) == (to_plain(OTHER), True)
    poll = get_service().poll(run["id"])
    assert (poll.state, poll.events) == ("finished", drop_predictions(events))


@pytest.mark.usefixtures("_no_workers")
def test_an_earlier_run_is_laid_over_the_curves_once() -> None:
    store_runs("one", "two")
    page = press(open_history("one"), "overlay-run")
    assert "is in the Lab now" in read_text(page.success[0])
    press(page, "overlay-run")
    press(page, "choose-two")
    press(page, "overlay-run")
    assert [run["id"] for run in list_earlier(page)] == ["two", "one"]
    assert len({run["color"] for run in list_earlier(page)}) == 2
    assert select_curves(list_earlier(page)[0]["events"]) == select_curves(make_events())


@pytest.mark.usefixtures("_no_workers")
def test_a_run_on_other_data_is_not_laid_over() -> None:
    store_runs("one", experiment=OTHER)
    page = press(open_history("one"), "overlay-run")
    assert "of other data" in read_text(page.error[0])
    assert list_earlier(page) == []


@pytest.mark.usefixtures("_no_workers")
def test_runs_are_deleted_after_a_second_question() -> None:
    store = store_runs("one", "two", "three")
    page = open_history("one")
    press(page, "delete-one")
    press(page, "keep-one")
    assert store.count_runs(OWNER) == 3
    press(page, "delete-one")
    press(page, "confirm-one")
    assert sorted(list_rows(page)) == ["three", "two"]
    press(page, "delete-all")
    press(page, "confirm-all")
    assert list_rows(page) == []
    assert "Nothing yet" in read_text(page.info[0])


@pytest.mark.usefixtures("_no_workers")
def test_a_stranger_sees_nothing_and_a_run_that_is_gone_is_a_sentence() -> None:
    store = store_runs("one")
    assert list_rows(open_history(owner="another visit")) == []
    page = open_history("one")
    store.delete_run(OWNER, "one")
    press(page, "open-run")
    assert "no longer stored" in read_text(page.error[0])


@pytest.mark.usefixtures("_no_workers")
def test_a_run_of_a_file_is_laid_over_and_a_bad_file_loses_nothing() -> None:
    store = store_runs("one")
    good = to_json("<b>of a file</b>", store.read_run(OWNER, "one")).encode()
    store.delete_all(OWNER)
    page = open_history()
    for content, says in ((b"{", "JSON is damaged"), (b"[1]", "an object with the keys"), (good[:-9], "JSON is damaged")):
        check_page(page.file_uploader[0].upload("run.json", content, "application/json").run())
        assert says in read_text(page.error[0])
        assert list_earlier(page) == []
    check_page(page.file_uploader[0].upload("run.json", good, "application/json").run())
    assert not page.error
    assert [run["name"] for run in list_earlier(page)] == ["<b>of a file</b>"]
    assert select_curves(list_earlier(page)[0]["events"]) == select_curves(make_events())
    assert store.count_runs(OWNER) == 0, "what came from a file is not stored"


@pytest.mark.usefixtures("_no_workers")
def test_many_runs_are_turned_over_page_by_page() -> None:
    names = [f"run{n}" for n in range(16)]
    store_runs(*names)
    page = open_history()
    newest = list_rows(page)
    press(page, "older")
    assert sorted(newest + list_rows(page)) == sorted(names)
    assert page.button(key="older").disabled
    press(page, "newer")
    assert list_rows(page) == newest


@pytest.mark.usefixtures("_no_workers")
def test_a_damaged_file_is_a_sentence_and_the_page_goes_on() -> None:
    store = store_runs("one", events=make_events(300))
    path = store.path
    get_store.clear()
    path.write_bytes(path.read_bytes()[:100] + b"\xa5" * 9000)
    page = open_history()
    store_runs("two")
    assert list_rows(check_page(page.run())) == ["two"]
    assert "set aside" in read_text(page.warning[0])


@pytest.mark.usefixtures("_no_workers")
def test_without_a_store_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DTT_STORE", "none")
    page = open_history()
    assert "stores no runs" in read_text(page.caption[0])
    assert list_rows(page) == []
    assert len(page.file_uploader) == 1


def test_a_run_of_the_lab_is_shown_again_as_it_was() -> None:
    page = open_lab(**LINK)
    page.button(key="play").click().run()
    run = wait_for_run(page, lambda run: run["state"] == "finished")
    find_store()
    page.switch_page(HISTORY).run()
    press(page, f"choose-{run['id']}")
    page.text_input(key=f"name-{run['id']}").input("mine").run()
    press(page, "open-run")
    page.switch_page(LAB)  # as the app does, which AppTest does not follow
    opened = wait_for_run(page, lambda run: run["state"] not in visit.ACTIVE)
    assert opened["recorded"]
    assert read_experiment(page) == RECALL
    assert select_curves(opened["events"]) == select_curves(run["events"])
    assert page.button(key="play").label == "Play live"
    page.button(key="play").click().run()
    wait_for_run(page, lambda run: run["state"] == "finished")
    assert next(entry["name"] for entry in read_panel(page)["legend"] if entry["run"]) == "mine"
