"""The state of a visit, through AppTest: changes, late changes, undo, links inside the app, the guard.

Oracles: the experiment that the visit holds, and the commands that the run got. Each of the first tests failed when the state
of the pages still lived in their widgets.
"""

import ast
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from streamlit.testing.v1 import AppTest

from core.dropout.methods import METHODS
from core.experiment.experiment import Experiment, build_experiment
from core.experiment.serialization import from_plain, to_plain, to_query
from core.tasks import TASKS
from pages.common import guard, page_events
from pages.common.service import get_service
from tests.app_pages import read_panel, read_text
from tests.test_lab_page import check_lab, open_lab, wait_for_run

RECALL = {"task": "delayed-recall", "lag": "3", "hidden": "8", "sequences": "64"}
MASKS, PATH, METHODS_PAGE, LAB = (f"pages/{name}.py" for name in ("learn/masks", "learn/path", "reference/methods", "lab/lab"))


@pytest.fixture(scope="module", autouse=True)
def _workers() -> Iterator[None]:
    """End the workers that the pages of this module have started."""
    yield
    get_service().close()
    get_service.clear()


def visit(page: AppTest) -> dict[str, Any]:
    truth: dict[str, Any] = page.session_state["visit"]
    return truth


def read_experiment(page: AppTest) -> Experiment:
    return from_plain(visit(page)["experiment"], trusted=True)


def make_paused_run(page: AppTest) -> dict[str, Any]:
    """Make one update on the page and return the run, paused."""
    page.button(key="step").click().run()
    return wait_for_run(page, lambda run: run["state"] == "paused" and run["events"][-1]["event"] == "state")


def at_page(page: AppTest, name: str) -> AppTest:
    page.switch_page(name).run()
    assert [error.value for error in page.exception] == []
    assert "crash" not in page.session_state
    return page


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_another_cell_and_two_more_settings(cell: str) -> None:
    page = open_lab()
    check_lab(page.selectbox(key="cell").select(cell).run())
    check_lab(page.selectbox(key="layers").select(3).run())
    check_lab(page.selectbox(key="hidden").select(64).run())
    assert (read_experiment(page).cell, read_experiment(page).layers, read_experiment(page).hidden) == (cell, 3, 64)
    at_page(page, MASKS)
    at_page(page, LAB)
    check_lab(page.selectbox(key="layers").select(2).run())
    assert read_experiment(page).cell == cell


def test_a_site_is_switched_on_and_off_while_a_run_is_on() -> None:
    page = open_lab(**RECALL)
    make_paused_run(page)
    check_lab(page.toggle(key="on-state").set_value(True).run())
    assert page.selectbox(key="method").value != "zaremba2014"
    check_lab(page.toggle(key="on-state").set_value(False).run())
    assert page.selectbox(key="method").value == "zaremba2014"
    assert visit(page)["run"]["state"] == "paused"


def test_another_task_after_more_settings_takes_its_own_settings_and_its_first_play_starts() -> None:
    page = open_lab(**RECALL)
    page.session_state["more"] = False
    page.run()
    check_lab(page.selectbox(key="task").select("digits").run())
    own = build_experiment("digits")
    for name in ("batch", "steps", "epochs", "learning_rate", "optimiser"):
        assert getattr(read_experiment(page), name) == getattr(own, name), name
    check_lab(page.button(key="play").click().run())
    assert visit(page)["run"] is not None
    assert not visit(page)["run"]["recorded"]


def test_a_task_keeps_seeds_network_and_placement_and_the_old_one_comes_back() -> None:
    page = open_lab(**RECALL, epochs="7", data_seed="99", method="naive-cell", layers="3")
    before = read_experiment(page)
    check_lab(page.selectbox(key="task").select("digits").run())
    now = read_experiment(page)
    for name in ("data_seed", "weight_seed", "mask_seed", "cell", "layers", "hidden", "placement"):
        assert getattr(now, name) == getattr(before, name), name
    check_lab(page.selectbox(key="layers").select(2).run())
    check_lab(page.selectbox(key="task").select("delayed-recall").run())
    again = read_experiment(page)
    assert again.layers == 2, "what is no setting of the task stays as it is now"
    assert (again.options, again.epochs, again.batch) == (before.options, 7, before.batch)


@pytest.mark.parametrize("task", TASKS)
def test_every_task_can_be_chosen_after_every_method_of_words(task: str) -> None:
    page = open_lab(method="gal2016")
    check_lab(page.selectbox(key="task").select(task).run())
    check_lab(page.selectbox(key="task").select("language-model").run())
    assert read_experiment(page) == build_experiment(placement=METHODS["gal2016"].build_placement()), "words are dropped again"


def test_a_rate_that_is_moved_on_the_masks_page_is_sent_to_the_run() -> None:
    page = open_lab(**RECALL)
    run = make_paused_run(page)
    at_page(page, MASKS)
    page.slider(key="masks-rate").set_value(0.2).run()
    at_page(page, LAB)
    told = wait_for_run(page, lambda run: any(event["event"] == "changed" for event in run["events"]))
    assert told["id"] == run["id"]
    assert {one["rate"] for one in told["events"][-1]["placement"].values()} == {0.2}


def test_a_change_that_comes_too_late_is_said_and_starts_nothing() -> None:
    page = open_lab(**RECALL, epochs="1")
    page.button(key="play").click().run()
    wait_for_run(page, lambda run: run["state"] == "finished")
    run = visit(page)["run"]
    # As if the page had not yet heard of the end when the slider was moved.
    run["state"], run["next"], run["events"] = "running", run["next"] - 1, run["events"][:-1]
    check_lab(page.slider(key="rate-input").set_value(0.9).run())
    assert visit(page)["run"] is None
    assert visit(page)["previous_run"]["id"] == run["id"]
    assert any("had ended before your last change reached it" in read_text(one) for one in page.warning)
    assert page.button(key="play").label == "Play"


def test_a_change_that_ends_the_run_is_not_called_too_late() -> None:
    page = open_lab(**RECALL, p_state="0.1,0.3")
    make_paused_run(page)
    check_lab(page.selectbox(key="layers").select(3).run())
    assert visit(page)["run"] is None
    assert not page.warning


def test_a_run_that_another_worker_has_taken_over_says_so() -> None:
    page = open_lab(**RECALL)
    make_paused_run(page)
    assert "went on from update" not in read_panel(page)["status"]
    visit(page)["run"]["events"].append({"event": "recovered", "update": 1})
    check_lab(page.run())
    assert "Another one went on from update 1" in read_panel(page)["status"]


def test_a_link_inside_the_app_keeps_the_run_and_the_view(monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_lab(**RECALL, path="0,1,4")
    run = make_paused_run(page)
    at_page(page, PATH)
    address = f"./lab?{urlencode(to_query(read_experiment(page)))}"
    # What the browser tells when the link is pressed; switch_page then draws the Lab.
    monkeypatch.setattr(page_events, "mount_page_events", lambda: page_events.open_link(address))
    page.run()
    monkeypatch.undo()
    at_page(page, LAB)
    assert visit(page)["run"]["id"] == run["id"]
    assert visit(page)["run"]["state"] == "paused"
    assert list(visit(page)["view"]["climbs"]) == [0, 1, 4]


def test_undo_and_redo_walk_through_the_experiments() -> None:
    page = open_lab()
    first = read_experiment(page)
    check_lab(page.selectbox(key="layers").select(3).run())
    check_lab(page.toggle(key="on-state").set_value(True).run())
    last = read_experiment(page)
    check_lab(page.button(key="undo").click().run())
    assert read_experiment(page).layers == 3
    check_lab(page.button(key="undo").click().run())
    assert read_experiment(page) == first
    assert page.selectbox(key="layers").value == 2
    assert page.button(key="undo").disabled
    check_lab(page.button(key="redo").click().run())
    check_lab(page.button(key="redo").click().run())
    assert read_experiment(page) == last
    assert page.button(key="redo").disabled


def test_what_is_refused_is_said_beside_its_control_and_everything_else_goes_on() -> None:
    page = open_lab(task="delayed-recall", lag="12", hidden="16")
    check_lab(page.number_input(key="steps").set_value(5).run())
    (error,) = page.error
    assert read_text(error).startswith("A lag of 12 needs sequences of at least 14 steps")
    check_lab(page.selectbox(key="layers").select(3).run())
    assert (read_experiment(page).layers, list(page.error)) == (3, [])


def test_a_rate_of_zero_keeps_its_switch_on() -> None:
    page = open_lab()
    check_lab(page.slider(key="rate-input").set_value(0.0).run())
    assert page.toggle(key="on-input").value
    assert read_experiment(page).placement.get("input") is None
    check_lab(page.slider(key="rate-input").set_value(0.3).run())
    dropout = read_experiment(page).placement.get("input")
    assert dropout is not None
    assert dropout.rate == 0.3


def test_the_recording_can_be_played_again() -> None:
    page = open_lab()
    assert visit(page)["run"]["recorded"]
    check_lab(page.button(key="reset").click().run())
    assert visit(page)["run"] is None
    check_lab(page.button(key="replay").click().run())
    assert visit(page)["run"]["recorded"]


def test_a_search_on_methods_leaves_the_chosen_method() -> None:
    page = open_lab()
    at_page(page, METHODS_PAGE)
    page.text_input(key="methods-text").input("zoneout").run()
    assert page.selectbox(key="methods-method").value == "zaremba2014"
    assert METHODS["krueger2016"].label in list(page.selectbox(key="methods-method").options)


def test_an_unexpected_exception_shows_a_card_and_goes_to_the_log_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    page = open_lab()
    check_lab(page.selectbox(key="layers").select(3).run())
    broken = {"is": True}

    def fail(*_arguments: Any) -> None:
        if broken["is"]:
            raise RuntimeError("a mistake of the program")

    monkeypatch.setattr("pages.lab.controls._draw_method", fail)
    with caplog.at_level(logging.ERROR, logger=guard.LOG.name):
        page.run()
        page.run()
    assert sum("unexpected-exception" in record.message for record in caplog.records) == 1
    assert any("Something went wrong on this page" in str(one.value) for one in page.markdown)
    assert "a mistake of the program" in str(page.text_area(key="crash-report").value)
    broken["is"] = False
    monkeypatch.undo()
    check_lab(page.button(key="crash-go-on").click().run())
    assert read_experiment(page).layers == 3, "the last state that worked"


def test_an_exception_in_a_callback_shows_the_card_too(monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_lab()

    def fail(*_arguments: Any) -> None:
        raise RuntimeError("a mistake of the program")

    monkeypatch.setattr("pages.lab.workbench.play", fail)
    page.run()
    page.button(key="play").click().run()
    assert any("Something went wrong on this page" in str(one.value) for one in page.markdown)
    monkeypatch.undo()
    page.button(key="crash-default").click().run()
    check_lab(page.run())
    assert visit(page)["experiment"] == to_plain(build_experiment())


def test_all_callbacks_have_the_guard() -> None:
    """Every on_click, on_change and on_..._change in pages is made by the guard, or by a function that wraps it."""
    allowed = ("guarded_callback", "make_value_callback")
    found = []
    for path in sorted(Path(__file__).parents[1].glob("pages/**/*.py")):
        if path.name == "guard.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                not isinstance(node, ast.keyword)
                or node.arg is None
                or not re.fullmatch("on_(click|change|.*_change)", node.arg)
            ):
                continue
            text = ast.unparse(node.value)
            if not text.startswith(allowed) and text not in ("'rerun'", "'ignore'", "on_chosen", "_nothing"):
                found.append(f"{path.name}:{node.value.lineno} {node.arg}={text}")
    assert found == []
