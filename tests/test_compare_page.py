"""The Compare page through AppTest: the study is edited, linked, trained and exported.

Oracles: core.experiment.study for what is allowed, the recorded files, the study in the address.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import Invalid
from core.experiment import study_edits as edits
from core.experiment.edits import set_method
from core.experiment.serialization import to_query
from core.experiment.start_study import TASKS, build_start_study
from core.experiment.study import Study
from core.experiment.study_link import study_from_text, study_to_text
from core.results.study_recording import get_recording_path, read_recording
from pages.common.service import get_service
from tests.app_pages import check_page, load_page, read_address, read_components, read_text
from tests.test_study import build, build_study

PATIENCE = 120.0  # seconds


@pytest.fixture(scope="module", autouse=True)
def _workers() -> Iterator[None]:
    """End the workers that the pages of this module have started."""
    yield
    get_service().close()
    get_service.clear()


def open_page(study: Study | str = "", **query: str) -> AppTest:
    """Open the page by a link with that study, or the text of one, and the rest of that query."""
    text = study if isinstance(study, str) else study_to_text(study)
    page = load_page("app.py", query | ({"study": text} if text else {}))
    page.switch_page("pages/lab/compare.py")
    return check_page(page.run(), "compare_cards", "compare_chart", "compare_results")


def read_study(page: AppTest) -> Study:
    """Return the study of the page's address."""
    text = read_address(page).get("study", "")
    return study_from_text(text) if text else build_start_study()


def read_cards(page: AppTest) -> list[dict[str, Any]]:
    """Return the cards."""
    cards: list[dict[str, Any]] = json.loads(read_components(page)["compare_cards"][0]["cards"])
    return cards


def read_results(page: AppTest) -> dict[str, Any]:
    """Return what the page says of the study."""
    content: dict[str, Any] = json.loads(read_components(page)["compare_results"][0]["content"])
    return content


def read_table(page: AppTest) -> list[dict[str, Any]]:
    """Return the rows of the table."""
    rows: list[dict[str, Any]] = json.loads(read_components(page)["compare_table"][0]["content"])["rows"]
    return rows


def read_curves(page: AppTest) -> list[dict[str, Any]]:
    """Return the traces of the chart."""
    traces: list[dict[str, Any]] = json.loads(read_components(page)["compare_chart"][0]["figure"])["data"]
    return traces


def get_page_state(page: AppTest) -> dict[str, Any]:
    """Return what the page knows of the runs of its study."""
    state: dict[str, Any] = page.session_state["visit"]["compared"]
    return state


def wait_until_done(page: AppTest) -> AppTest:
    """Run the page until its study has ended and no statistics are on their way."""
    deadline = time.monotonic() + PATIENCE
    while get_page_state(page)["live"] or get_page_state(page)["request"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
        page.run()
    return check_page(page)


@pytest.mark.parametrize("task", TASKS)
def test_the_start_study_opens_with_its_recorded_runs_and_says_so(task: str) -> None:
    study = build_start_study(task)
    page, recording = open_page(study), read_recording(get_recording_path(task))
    assert [card["name"] for card in read_cards(page)] == study.names
    assert any("recorded" in str(one.value) for one in page.markdown)
    status = read_components(page)["live_text"][0]
    assert recording.made["date"] in status["text"].replace("\\", "")
    assert "35 of 35 runs" in status["text"].replace("\\", "")
    assert recording.made["command"] in status["help"]
    assert len(read_results(page)["verdicts"]) == 6
    medians = [trace for trace in read_curves(page) if "customdata" in trace]
    assert len(medians) == 7
    assert len({(trace["line"]["color"], trace["line"]["dash"]) for trace in medians}) == 7


def test_a_link_opens_its_study_and_the_address_keeps_it() -> None:
    study = build_study("none", "gal2016", seeds=(3, 4))
    page = open_page(study, curves="training")
    assert read_study(page) == study
    assert read_address(page)["curves"] == "training"
    assert [card["name"] for card in read_cards(page)] == ["none", "gal2016"]
    assert read_cards(page)[0]["count"] == "0 masks on the path"


def test_the_address_of_the_start_study_is_empty() -> None:
    assert read_address(open_page()) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "damaged"),
        (study_to_text(build_study("none"))[:-7], "damaged"),
        (study_to_text(edits.set_seed_count(build_study("none"), 21)), "at most 20 seeds"),
    ],
)
def test_a_bad_link_is_one_sentence_and_the_page_opens(text: str, words: str) -> None:
    page = open_page(text)
    assert any(words in read_text(one) for one in page.warning)
    assert len(read_cards(page)) == 7


def test_experiments_are_added_removed_and_renamed() -> None:
    page = open_page(build_study("none", "gal2016"))
    page.session_state["visit"]["experiment"] |= {"task": "delayed-recall"}
    apply(page, "add", build("naive-cell"))
    assert read_study(page).names == ["none", "gal2016", "Naive, on the cell"]
    colors = {card["name"]: card["color"] for card in read_cards(page)}
    apply(page, "remove", "gal2016")
    apply(page, "rename", "Naive, on the cell", "bad idea")
    cards = {card["name"]: card["color"] for card in read_cards(page)}
    assert cards == {"none": colors["none"], "bad idea": colors["Naive, on the cell"]}, "each keeps its color"
    apply(page, "rename", "bad idea", "none")
    assert read_study(page).names == ["none", "bad idea"], "a refused edit changes nothing"
    assert "two experiments" in get_page_state(page)["invalid"]["sentence"]


def test_eight_experiments_have_eight_looks() -> None:
    study = build_start_study()
    study = edits.add_experiment(study, set_method(study.experiments[0][1], "keras"))
    cards = read_cards(open_page(study))
    assert len({card["slot"] for card in cards}) == 8
    assert len({(card["color"], card["dash"]) for card in cards}) == 8


def apply(page: AppTest, action: str, *arguments: Any) -> None:
    """Edit the study as a control of the page does, and draw the page."""
    text = page.session_state["visit"]["compare"]["study"]
    before = study_from_text(text) if text else build_start_study()
    functions: dict[str, Callable[..., Study]] = {
        "add": edits.add_experiment,
        "remove": edits.remove_experiment,
        "rename": edits.rename_experiment,
    }
    try:
        study = functions[action](before, *arguments)
    except Invalid as invalid:
        page.session_state["visit"]["compared"]["invalid"] = {"control": "cards", "sentence": str(invalid)}
    else:
        page.session_state["visit"]["compare"]["study"] = study_to_text(study)
        if action == "rename":
            slots = page.session_state["visit"]["compared"]["slots"]
            slots[arguments[1]] = slots.pop(arguments[0])
    check_page(page.run())


def test_play_trains_all_runs_and_a_verdict_appears() -> None:
    page = open_page(build_study("none", "gal2016", seeds=(7, 8)))
    assert "No verdict yet" in read_results(page)["evidence"]
    check_page(page.button(key="compare-play").click().run())
    page = wait_until_done(page)
    results, rows = read_results(page), read_table(page)
    assert [row["runs"] for row in rows] == ["2 of 2", "2 of 2"]
    assert rows[0]["cells"][0] != "–"
    (verdict,) = results["verdicts"]
    assert "gal2016" in verdict["sentence"]
    assert page.button(key="compare-play").disabled
    assert "<circle" in results["differences"]
    apply(page, "rename", "gal2016", "tied")
    assert read_table(page)[1]["runs"] == "2 of 2", "another name does not change the run"


def test_one_seed_has_no_winner() -> None:
    page = open_page(build_study("none", "gal2016", seeds=(7,)))
    page = wait_until_done(check_page(page.button(key="compare-play").click().run()))
    assert "One run proves nothing" in read_results(page)["evidence"]
    assert read_results(page)["verdicts"] == []


def test_reset_brings_the_recorded_runs_back() -> None:
    page = open_page(build_start_study("delayed-recall", quick=True))
    check_page(page.button(key="compare-play").click().run())
    assert get_page_state(page)["live"]
    check_page(page.button(key="compare-reset").click().run())
    assert get_page_state(page)["live"] is None
    assert get_page_state(page)["shows_recorded"]


def test_the_lab_adds_its_experiment() -> None:
    page = load_page("app.py", to_query(build("naive-cell", rate=0.3)))
    page.switch_page("pages/lab/lab.py")
    page.run()
    page.session_state["visit"]["compare"] = {"study": study_to_text(build_study("none")), "curves": "validation"}
    check_page(page.button(key="add-to-comparison").click().run())
    page.switch_page("pages/lab/compare.py").run()
    assert read_study(check_page(page)).names == ["none", "Naive, on the cell"]
