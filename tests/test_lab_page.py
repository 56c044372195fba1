"""The Lab through Streamlit's AppTest: what is drawn, what a change of the controls does, what a damaged link does.

Oracles: the catalogue of methods, core.analysis.path_counts for the counts, core.experiment.serialization for addresses. No
browser, no timers; the service and its workers are the real ones.
"""

import gettext
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from core import i18n
from core.analysis.path_counts import count_corruption
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, build_dropout
from core.dropout.schedule import RateSchedule
from core.dropout.sites import SITES, get_site_layers
from core.experiment.batches import load_data
from core.experiment.experiment import Experiment, build_experiment
from core.experiment.serialization import from_plain, from_query, to_json, to_plain
from core.runs.settings import Settings
from core.tasks import TASKS
from core.tasks.text_file import get_display_name
from core.training.events import last_update
from pages.common.service import get_service
from pages.lab.controls import COMMON_SITES
from tests.app_pages import check_page, load_page, read_address, read_components, read_panel, read_text, walk_elements
from tests.sweeps import LSTM_FIRST

ROOT = Path(__file__).parents[1]
DAMAGED = {
    "another version": {"v": "9"},
    "a rate of nothing": {"method": "zaremba2014", "rate": ""},
    "only a name": {"rate": ""},
    "too many layers": {"layers": "99"},
    "no such task": {"task": "nonsense"},
    "no such method": {"method": "nonsense"},
    "a path of letters": {"path": "x"},
    "half a path": {"path": "3"},
    "no such route": {"route": "detour"},
    "a negative sample": {"sample": "-1"},
    "more than the memory": {"hidden": "1500", "steps": "256", "batch": "256"},
    "data that do not fill a batch": {"words": "2000", "batch": "256", "steps": "60", "hidden": "8"},
    "a lag longer than the sequence": {"task": "delayed-recall", "lag": "25", "steps": "9"},
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _workers() -> Iterator[None]:
    """End the workers that the pages of this module have started."""
    yield
    get_service().close()
    get_service.clear()


def open_lab(**query: str) -> AppTest:
    """Open the Lab by a link with that query."""
    page = load_page("app.py", query)
    page.session_state["more"] = True  # More settings is open
    return check_lab(page.run())


def check_lab(page: AppTest) -> AppTest:
    """Return the page if it ran without an exception and has the network, the curves and a slider."""
    return check_page(page, "network", "run_panel", "update_slider")


def read_experiment(page: AppTest) -> Experiment:
    """Return the experiment that the page would train."""
    return from_plain(page.session_state["visit"]["experiment"], trusted=True)


def sentence(page: AppTest) -> str:
    """Return the sentence that counts the masks on the path."""
    return str(read_components(page)["live_text"][0]["text"])


def test_the_first_run_draws_the_default_experiment() -> None:
    page = open_lab()
    assert read_experiment(page) == build_experiment()
    assert [page.selectbox(key=key).value for key in ("task", "layers", "hidden", "method")] == [
        "language-model",
        2,
        128,
        "zaremba2014",
    ]
    assert read_switches(page) == dict.fromkeys(COMMON_SITES, False) | dict.fromkeys(("input", "between", "output"), True)
    assert [page.slider(key=f"rate-{site}").value for site in ("input", "between", "output")] == [0.5] * 3
    assert [button.label for button in page.button] == [
        "Play live",
        "Step",
        "Reset",
        "New masks",
        "",
        "",
        "Pause",
        "Add to comparison",
    ]
    assert "**3 masks** = L + 1" in sentence(page)
    assert read_address(page) == {"v": "1", "task": "language-model"}
    assert not page.warning
    assert not page.error


@pytest.mark.parametrize("task", TASKS)
def test_another_task_brings_its_own_settings_and_keeps_network_and_placement(task: str) -> None:
    page = open_lab(task=next(name for name in TASKS if name != task))
    before, own = read_experiment(page), build_experiment(task)
    check_lab(page.selectbox(key="task").select(task).run())
    assert read_experiment(page) == replace(own, hidden=before.hidden, placement=before.placement)
    for option in TASKS[task].shared_options:
        widget = page.number_input if option.is_integer else page.selectbox
        assert widget(key=f"option-{task}-{option.name}").value == option.default
    assert from_query(read_address(page)) == read_experiment(page)


def read_switches(page: AppTest) -> dict[str, bool]:
    """Return whether each visible site is switched on."""
    return {str(toggle.key).removeprefix("on-"): toggle.value for toggle in page.toggle if str(toggle.key).startswith("on-")}


@pytest.mark.parametrize("cell", LSTM_FIRST)
def test_every_method_sets_the_switches_the_rates_and_the_count(cell: str) -> None:
    page = open_lab(cell=cell, method="none")
    few = [name for name in COMMON_SITES if cell in SITES[name].cells]
    offered = [name for name, row in METHODS.items() if cell in row.cells and name != "monte-carlo"]
    assert set(page.selectbox(key="method").options) == {METHODS[name].label for name in offered}
    for name in offered:
        placement = METHODS[name].build_placement(cell=cell)
        check_lab(page.selectbox(key="method").select(name).run())
        assert read_experiment(page).placement == placement
        on = {site.name: dropout for site, dropout in placement}
        assert read_switches(page) == {site: site in on for site in {**dict.fromkeys(few), **on}}
        for site, dropout in on.items():
            assert page.slider(key=f"rate-{site}").value == dropout.rate
        counts = count_corruption(placement.resolve_schedules(1), 2, 5, cell)  # a rate may begin at 0
        count = counts.through_state if counts.through_cell is None else counts.through_cell
        assert re.search(rf"5 steps later through \*\*{count} masks?\*\*", sentence(page)), f"{name}: {sentence(page)}"
        assert from_query(read_address(page)) == read_experiment(page), f"{name}: {read_address(page)}"


@pytest.mark.parametrize("site", COMMON_SITES)
def test_one_switch_makes_the_placement_ones_own_and_back_again(site: str) -> None:
    page = open_lab()
    was = page.toggle(key=f"on-{site}").value
    check_lab(page.toggle(key=f"on-{site}").set_value(not was).run())
    assert page.selectbox(key="method").value == ("own" if site != "cell" else "naive-cell") or site in ("input", "state")
    assert (read_experiment(page).placement.get(site) is None) == was
    check_lab(page.toggle(key=f"on-{site}").set_value(was).run())
    assert page.selectbox(key="method").value == "zaremba2014"
    assert read_experiment(page) == build_experiment()


@pytest.mark.parametrize("site", [site.name for site in SITES.values() if site.name not in COMMON_SITES])
def test_every_other_site_can_be_switched_on_and_off_again(site: str) -> None:
    cell = SITES[site].cells[0]
    page = open_lab(cell=cell)
    assert f"on-{site}" not in {toggle.key for toggle in page.toggle}
    check_lab(page.selectbox(key="add-site").select(site).run())
    assert read_experiment(page).placement.get(site) == build_dropout(site, 0.5)
    assert page.toggle(key=f"on-{site}").value
    assert from_query(read_address(page)) == read_experiment(page)
    check_lab(page.toggle(key=f"on-{site}").set_value(False).run())
    assert read_experiment(page) == build_experiment(cell=cell)


def test_another_cell_keeps_what_it_has() -> None:
    page = open_lab(method="naive-cell")
    check_lab(page.selectbox(key="cell").select("gru").run())
    assert read_experiment(page).cell == "gru"
    assert page.selectbox(key="method").value == "zaremba2014", "what is left of it where there is no cell to mask"
    page.selectbox(key="method").select("gate").run()
    check_lab(page.selectbox(key="cell").select("lstm").run())
    assert read_experiment(page).placement == METHODS["gate"].build_placement(), "a method acts where it does in the new cell"
    check_lab(page.selectbox(key="cell").select("rnn").run())
    assert read_experiment(page).placement.sites == ()
    assert "= Δ" not in sentence(page)


def test_noise_a_schedule_and_a_loss_term_reach_the_placement() -> None:
    page = open_lab()
    page.selectbox(key="noise-input").select("gaussian").run()
    page.selectbox(key="schedule-between").select("ramp").run()
    page.number_input(key="start-between").set_value(0.1).run()
    check_lab(page.number_input(key="loss-tar").set_value(1.5).run())
    found = read_experiment(page).placement
    assert found.get("input") == Dropout(0.5, noise="gaussian", scaling="none")
    assert found.get("between") == Dropout(0.5, schedule=RateSchedule("ramp", 300, 0.1))
    assert found.losses == (("tar", 1.5),)
    assert from_query(read_address(page)) == read_experiment(page)
    again = open_lab(**read_address(page))
    assert read_experiment(again) == read_experiment(page)


def test_a_rate_is_kept_while_its_site_is_off() -> None:
    page = open_lab()
    page.slider(key="rate-input").set_value(0.2).run()
    page.toggle(key="on-input").set_value(False).run()
    page.toggle(key="on-input").set_value(True).run()
    assert page.slider(key="rate-input").value == 0.2
    assert read_experiment(page).placement.get_rate("input", 1, 2) == 0.2


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_the_count_is_one_more_than_the_layers(layers: int) -> None:
    page = open_lab()
    check_lab(page.selectbox(key="layers").select(layers).run())
    assert read_experiment(page).layers == layers
    count = layers + 1
    assert f"through **{count} masks**" in sentence(page)
    assert page.toggle(key="on-between").disabled == (layers == 1)
    assert from_query(read_address(page)) == read_experiment(page)


@pytest.mark.parametrize("site", ["between", "state", "candidate", "cell"])
def test_a_site_may_have_a_rate_for_each_layer(site: str) -> None:
    page = open_lab(layers="3")
    page.toggle(key=f"on-{site}").set_value(True).run()
    check_lab(page.toggle(key=f"each-{site}").set_value(True).run())
    at = get_site_layers(SITES[site], 3)
    rates = tuple(layer / 10 for layer in at)
    for layer, rate in zip(at, rates, strict=True):
        page.number_input(key=f"rate-{site}-{layer}").set_value(rate)
    check_lab(page.run())
    assert read_experiment(page).placement.get(site) == Dropout(rates)
    assert from_query(read_address(page)) == read_experiment(page)
    again = open_lab(**read_address(page))
    assert read_experiment(again) == read_experiment(page)
    assert [again.number_input(key=f"rate-{site}-{layer}").value for layer in at] == list(rates)
    check_lab(again.slider(key=f"rate-{site}").set_value(0.4).run())
    assert read_experiment(again).placement.get(site) == Dropout(0.4), "its own slider ends the rates by layer"


def test_sharing_and_scaling_reach_the_placement() -> None:
    page = open_lab()
    page.selectbox(key="time-input").select("sequence").run()
    check_lab(page.selectbox(key="scaling-input").select("test").run())
    assert read_experiment(page).placement.get("input") == Dropout(0.5, time="sequence", scaling="test")
    assert page.selectbox(key="method").value == "own"
    assert from_query(read_address(page)) == read_experiment(page)


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_link_says_why_and_opens_the_default(name: str) -> None:
    page = open_lab(**DAMAGED[name])
    (warning,) = page.warning
    assert re.fullmatch(
        r"(The link could not be read, so this is the default|What the link looks at could not be read)\. \S.{20,}[.?]",
        read_text(warning),
        re.DOTALL,
    )
    assert read_experiment(page) == build_experiment()
    assert read_address(page) == {"v": "1", "task": "language-model"}


@pytest.mark.parametrize(
    "given", [{"first": "9999"}, {"sample": "9999"}, {"path": "7,3,9999"}, {"path": "1,2,3,4,5"}, {"utm_source": "x", "p": "1"}]
)
def test_what_is_merely_out_of_range_is_clamped(given: dict[str, str]) -> None:
    page = open_lab(**given)
    assert not page.warning
    assert read_experiment(page) == build_experiment()


def test_a_link_opens_the_same_experiment_and_view() -> None:
    link = {
        "v": "1",
        "task": "delayed-recall",
        "lag": "12",
        "layers": "3",
        "hidden": "16",
        "method": "naive-state",
        "first": "2",
        "sample": "3",
        "route": "state",
        "path": "3,4,6,9",
    }
    page = open_lab(**link)
    assert not page.warning
    assert read_experiment(page) == from_query(link)
    assert read_address(page) == link
    (network,) = read_components(page)["network"]
    assert 'data-first="2"' in network["svg"]
    assert "6 steps later" in sentence(page)
    assert "**10 masks** = L + 1 + Δ" in sentence(page)


def test_a_keras_script_is_saved_where_keras_has_the_sites() -> None:
    page = open_lab(method="zaremba2014")
    assert "Save it as a Keras script" in [button.proto.label for button in page.get("download_button")]
    check_lab(page.selectbox(key="method").select("naive-cell").run())
    assert "Save it as a Keras script" not in [button.proto.label for button in page.get("download_button")]
    assert any("There is no Keras script for the site “cell”" in one.value for one in page.caption)


def test_a_file_opens_its_experiment() -> None:
    page = open_lab()
    wanted = build_experiment("delayed-recall", {"lag": 9}, layers=3, hidden=16, placement=METHODS["gal2016"].build_placement())
    check_lab(page.file_uploader(key="upload").upload("experiment.json", to_json(wanted).encode(), "application/json").run())
    assert read_experiment(page) == wanted
    assert page.selectbox(key="method").value == "gal2016"
    assert from_query(read_address(page)) == wanted


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xff\xfe{", "the JSON is damaged"),
        (b"[1, 2]", "an object with the key “task” is expected"),
        (b'{"version": 7}', "has version 7"),
        (b'{"layers": 99}', "from 1 to 4"),
        (b'{"options": {"words": 2000}, "batch": 256, "steps": 60, "hidden": 8}', "that one window of"),
    ],
)
def test_a_damaged_file_says_why_and_loses_nothing(content: bytes, sentence: str) -> None:
    page = open_lab(task="delayed-recall", lag="9", hidden="16")
    last = read_experiment(page)
    check_lab(page.file_uploader(key="upload").upload("experiment.json", content, "application/json").run())
    (error,) = page.error
    assert sentence in str(error.value).replace("\\", "")
    assert read_experiment(page) == last


def test_too_few_steps_for_the_lag_are_refused_and_nothing_is_lost() -> None:
    page = open_lab(task="delayed-recall", lag="12", hidden="16")
    last = read_experiment(page)
    check_lab(page.number_input(key="steps").set_value(5).run())
    (error,) = page.error
    assert read_text(error).startswith("A lag of 12 needs sequences of at least 14 steps")
    assert read_experiment(page) == last
    assert from_query(read_address(page)) == last
    assert "**3 masks**" in sentence(page)
    check_lab(page.number_input(key="steps").set_value(20).run())
    assert not page.error
    assert read_experiment(page).steps == 20


def test_one_update_is_trained_and_a_reset_takes_it_back() -> None:
    page = open_lab(task="delayed-recall", lag="3", hidden="8", sequences="64")
    check_lab(page.button(key="step").click().run())
    run = wait_for_run(page, lambda run: run["state"] == "paused" and run["events"][-1]["event"] == "state")
    assert [event["update"] for event in run["events"] if event["event"] == "record"] == [0, 1]
    assert "update 1 of 12" in read_panel(page)["progress"]["text"]
    check_lab(page.button(key="reset").click().run())
    bench = page.session_state["visit"]
    assert bench["run"] is None
    assert [run["number"] for run in bench["earlier"]] == [1]


def test_at_the_slow_pace_a_run_makes_about_an_update_a_second_until_it_is_paused_or_let_go() -> None:
    page = open_lab(task="delayed-recall", lag="3", hidden="8", sequences="64")
    check_lab(page.segmented_control(key="pace").set_value("slow").run())
    page.button(key="play").click().run()
    began = time.monotonic()
    wait_for_run(page, lambda run: last_update(run["events"]) == 3)
    assert time.monotonic() - began > 2, "seconds, between the first and the third"
    assert page.button(key="play").label == "Pause"
    page.button(key="play").click().run()
    assert page.button(key="play").label == "Play"
    stands = last_update(wait_for_run(page, lambda run: run["state"] == "paused")["events"])
    page.button(key="play").click().run()
    wait_for_run(page, lambda run: last_update(run["events"]) == stands + 1)
    page.segmented_control(key="pace").set_value("fast").run()
    wait_for_run(page, lambda run: run["state"] == "finished")


def test_new_masks_at_a_pause_are_seen_at_once_as_those_of_the_next_update() -> None:
    page = open_lab(task="delayed-recall", lag="3", hidden="8", sequences="64")
    page.button(key="step").click().run()
    wait_for_run(page, lambda run: run["state"] == "paused" and run["events"][-1]["event"] == "state")
    page.session_state["visit"]["update"] = 1
    check_lab(page.run())
    (before,) = read_components(page)["network"]
    check_lab(page.button(key="new-masks").click().run())
    (after,) = read_components(page)["network"]
    assert after["svg"] != before["svg"]
    titles = [
        json.loads(chart["figure"])["layout"].get("title", {}).get("text", "") for chart in read_components(page)["live_chart"]
    ]
    assert any("update 2, the next (preview)" in title for title in titles)


def test_a_change_that_the_run_can_take_is_sent_to_it_and_any_other_ends_it() -> None:
    page = open_lab(task="delayed-recall", lag="3", hidden="8", sequences="64")
    page.button(key="step").click().run()
    wait_for_run(page, lambda run: run["state"] == "paused")
    first = page.session_state["visit"]["run"]["id"]
    page.slider(key="rate-input").set_value(0.1).run()
    run = wait_for_run(page, lambda run: any(event["event"] == "changed" for event in run["events"]))
    (changed,) = (event for event in run["events"] if event["event"] == "changed")
    assert (run["id"], changed["update"], changed["placement"]["input"]) == (first, 1, {"rate": 0.1})
    check_lab(page.selectbox(key="layers").select(3).run())
    bench = page.session_state["visit"]
    assert (bench["run"], bench["previous_run"]["id"]) == (None, first)


def test_a_run_that_ended_stays_until_the_next_begins_and_is_then_grey() -> None:
    page = open_lab(task="delayed-recall", lag="3", hidden="8", sequences="64", epochs="2")
    page.button(key="play").click().run()
    wait_for_run(page, lambda run: run["state"] == "finished")
    drawn_then = list_curves(page)
    assert {"validation", "train, clean"} <= drawn_then
    page.slider(key="rate-input").set_value(0.1).run()
    assert page.session_state["visit"]["run"] is None
    assert list_curves(page) == drawn_then
    assert all(number["value"] != "–" for number in read_panel(page)["numbers"])
    assert read_panel(page)["status"].endswith("The curves are still those of: run 1 · zaremba2014.")
    page.button(key="play").click().run()
    wait_for_run(page, lambda run: run["state"] == "finished")
    assert read_panel(page)["status"].startswith("seeds:")
    assert list_curves(page) >= {"validation", "run 1 · zaremba2014, validation"}
    page.selectbox(key="layers").select(1).run()
    page.button(key="play").click().run()
    wait_for_run(page, lambda run: run["state"] == "finished")
    assert "run 2 · zaremba2014, L 2, H 8, validation" in list_curves(page), "another size is named"
    page.number_input(key="data_seed").set_value(99).run()
    page.button(key="play").click().run()
    wait_for_run(page, lambda run: run["state"] == "finished")
    assert not any("run 3" in name for name in list_curves(page)), "the losses of other data cannot be compared"


def test_a_run_of_a_few_updates_does_not_take_the_grey_curves_place() -> None:
    page = open_lab()
    recorded = "no dropout, recorded, validation"
    page.button(key="step").click().run()
    wait_for_run(page, lambda run: run["state"] == "paused" and run["events"][-1]["event"] == "state")
    check_lab(page.button(key="reset").click().run())
    assert list_curves(page) == {recorded, "best"}


def test_a_file_that_is_opened_during_a_run_begins_anew() -> None:
    page = open_lab(task="delayed-recall", lag="3", hidden="8", sequences="64")
    page.button(key="step").click().run()
    run = wait_for_run(page, lambda run: run["state"] == "paused" and run["events"][-1]["event"] == "state")
    other = replace(read_experiment(page), placement=METHODS["naive-cell"].build_placement())
    check_lab(page.file_uploader(key="upload").upload("experiment.json", to_json(other).encode(), "application/json").run())
    bench = page.session_state["visit"]
    assert read_experiment(page) == other
    assert (bench["run"], bench["previous_run"]["id"]) == (None, run["id"])
    assert not any(event["event"] == "changed" for event in bench["previous_run"]["events"])


def test_the_method_that_a_task_opens_with_has_the_rates_that_it_opens_with() -> None:
    page = open_lab(task="delayed-recall")
    page.selectbox(key="method").select("gal2016").run()
    assert read_experiment(page).placement == METHODS["gal2016"].build_placement()
    page.selectbox(key="method").select("zaremba2014").run()
    assert read_experiment(page) == build_experiment("delayed-recall")


def test_another_task_begins_with_an_empty_page() -> None:
    page = open_lab()
    page.session_state["visit"]["run"]["events"] += [
        {
            "event": "record",
            "update": n,
            "epoch": float(n),
            "train_loss": 5.0,
            "train_loss_clean": 5.0,
            "val_loss": 5.0,
            "val": {"perplexity": 9.0},
            "written": "of the",
        }
        for n in range(3)
    ]
    page.selectbox(key="layers").select(1).run()
    assert "validation" in list_curves(page), "what else is changed leaves the curves until Play"
    assert read_panel(page)["text"]["body"]
    check_lab(page.selectbox(key="task").select("digits").run())
    assert list_curves(page) == set()
    *unknown, baseline = read_panel(page)["numbers"]
    assert [number["value"] for number in unknown] == ["–"] * 4
    assert read_panel(page)["text"] is None
    assert baseline["help"].endswith("the commonest digit.")
    assert not any("The curves are still those of" in read_text(one) for one in page.caption)
    assert TASKS["digits"].description in map(read_text, page.caption)


def list_curves(page: AppTest) -> set[str]:
    """Return the names of the drawn curves."""
    return {trace["name"] for trace in json.loads(read_components(page)["run_panel"][0]["figure"])["data"]}


def test_a_loss_that_is_no_number_ends_the_run_in_a_sentence_and_the_next_one_works() -> None:
    # One mask on the cell for the whole sequence, scaled up at every step: 10 to the power of T.
    page = open_lab(task="delayed-recall", lag="60", hidden="8", sequences="64", p_cell="0.9~sequence")
    page.button(key="play").click().run()
    wait_for_run(page, lambda run: run["state"] == "failed")
    (error,) = page.error
    assert read_text(error).startswith("The loss is no longer a number since update")
    page.toggle(key="on-cell").set_value(False).run()
    page.button(key="step").click().run()
    wait_for_run(page, lambda run: run["state"] == "paused")
    assert not page.error


def test_a_place_holds_the_same_kind_of_thing_in_every_state() -> None:
    """A container may not replace an element at the same place, nor the reverse.

    Late messages for the one would meet the other, and the browser would show nothing at all.
    """
    page = open_lab()
    seen: dict[tuple[int, ...], bool] = {}

    def see(state: str) -> None:
        for place, container in list_places(page).items():
            assert seen.setdefault(place, container) == container, f"{state}: {place}"

    see("recorded")
    for state in ("paused", "failed", "stopped", "recorded"):
        page.session_state["visit"]["run"]["state"] = state
        page.session_state["visit"]["run"]["reason"] = "For a reason."
        page.run()
        see(state)
    page.session_state["visit"]["notice"] = "Too many runs."
    page.run()
    assert page.warning
    see("a warning")
    page.button(key="reset").click().run()
    see("ready")
    for method in [name for name, row in METHODS.items() if "lstm" in row.cells and name != "monte-carlo"]:
        page.selectbox(key="method").select(method).run()
        see(method)
    page.selectbox(key="layers").select(1).run()
    see("one layer")


def list_places(page: AppTest) -> dict[tuple[int, ...], bool]:
    """Return every element of the page by its path of indices, and whether it is a container."""

    def walk(block: Block, way: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], bool]]:
        for index, child in block.children.items():
            yield (*way, index), isinstance(child, Block)
            if isinstance(child, Block):
                yield from walk(child, (*way, index))

    return dict(walk(page._tree, ()))


def wait_for_run(page: AppTest, enough: Any) -> dict[str, Any]:
    """Draw the page again and again, as its timer would, until `enough(run)` is true; return the run."""
    for _tick in range(2000):
        check_lab(page.run())
        run: dict[str, Any] = page.session_state["visit"]["run"]
        if enough(run):
            return run
    raise AssertionError(f"still {run['state']} after {len(run['events'])} events; {run['reason']}")


class Bracketed(gettext.NullTranslations):
    """A language in which every text stands in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


@pytest.mark.parametrize(
    "link",
    [
        {},
        {"task": "delayed-recall", "lag": "12", "hidden": "16", "method": "naive-state", "route": "state"},
        {"p_state": "0.5~sequence", "p_cell": "0.1,0.2"},
        {"sites": "none", "layers": "1"},
        {"v": "9"},
    ],
)
def test_every_text_is_translated(link: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "find_catalogue", lambda _language: Bracketed())
    page = open_lab(**link)
    bare = {text: left for text in list_texts(page) if (left := find_untranslated(text))}
    assert not bare, f"not translated: {bare}"


def list_texts(page: AppTest) -> set[str]:
    """Return every text on the page that a person or a screen reader reads."""
    found: set[str] = set()
    for element in walk_elements(page):
        for name in ("label", "help", "placeholder"):
            found.add(str(getattr(element, name, "") or ""))
        found |= set(map(str, getattr(element, "options", ()) or ()))
        if element.type in ("markdown", "caption", "metric", "warning", "error", "info", "alert"):
            found.add(str(getattr(element, "value", "")))
        if element.type == "progress":
            found.add(str(element.proto.text))
        if element.type == "metric":
            found.add(str(element.proto.label))
    given = read_components(page)
    for chart in [*given["live_chart"], *given["run_panel"]]:
        layout = json.loads(chart["figure"])["layout"]
        titles = [layout[axis].get("title", {}).get("text", "") for axis in ("xaxis", "yaxis")]
        found |= {chart["sentence"], chart["missing"], *titles, *(note["text"] for note in layout.get("annotations", ()))}
    found |= {scrubber[name] for scrubber in given["update_slider"] for name in ("label", "newest")}
    return found | {callout[name] for callout in given["network"][0]["callouts"] for name in ("text", "next")}


def find_untranslated(text: str) -> str:
    """Return the words of a text outside the brackets, without Streamlit's directives, symbols and HTML."""
    text = re.sub(r":material/\w+:|:\w+-badge\[|<[^>]*>|\{[^}]*\}", "", text)
    while "⟦" in text and text != (less := re.sub(r"⟦[^⟦⟧]*⟧", "", text)):
        text = less
    return " ".join(re.findall(r"[^\W\d_]{2,}", text))


def test_the_app_never_imports_torch_and_core_never_streamlit() -> None:
    """A process of its own draws the page and trains one update; then it imports all of core that is free of torch."""
    code = """
import importlib, logging, pkgutil, sys
logging.disable(logging.WARNING)
import core
heavy = {"core.__main__", "core.nn.network", "core.nn.engines", "core.nn.forward_mode", "core.analysis.sensitivity",
         "core.analysis.update_recorder", "core.runs.sensitivity_process", "core.runs.trace_process",
         "core.results.run_process"}
heavy |= {f"core.training.{name}" for name in ("trainer", "loss", "optimizer", "evaluation", "weight_file", "checkpoint",
                                               "sampling", "decoding", "run_state", "engine_choice")}
names = {info.name for info in pkgutil.walk_packages(core.__path__, "core.")}
assert heavy < names, heavy - names
heavy |= {name for name in names if name.startswith(("core.nn.bptt.", "core.benchmark."))}
for name in names - heavy:
    importlib.import_module(name)
assert "streamlit" not in sys.modules, "core imports streamlit"
from streamlit.testing.v1 import AppTest
from pages.common.service import get_service
page = AppTest.from_file(sys.argv[1], default_timeout=60)
page.query_params.update(task="delayed-recall", lag="3", hidden="8", sequences="64")
page.run().button(key="step").click().run()
while not (run := page.run().session_state["visit"]["run"])["events"]:
    assert run["state"] in ("queued", "starting", "running", "paused"), run
get_service().close()
assert "torch" not in sys.modules, "the app imports torch"
assert "pandas" not in sys.modules, "half a second of the first page"
"""
    subprocess.run([sys.executable, "-c", code, str(ROOT / "app.py")], cwd=ROOT, check=True, timeout=120)


def test_what_the_session_keeps_is_plain_data() -> None:
    """Classes would not survive a hot reload."""
    page = open_lab()
    json.dumps(page.session_state["visit"])
    assert to_plain(read_experiment(page)) == page.session_state["visit"]["experiment"]


def test_what_a_link_quotes_is_neither_picture_nor_address() -> None:
    (warning,) = open_lab(task="![x](https://example.org/a.png)").warning
    assert not re.search(r"(?<!\\)[\[\]()]|https?[\\]?:", str(warning.value))
    assert "https://example.org/a.png" in read_text(warning)


def test_any_valid_rate_opens() -> None:
    page = open_lab(p_input="0.995", p_cell="0.995,0.2", learning_rate="0.000001")
    assert read_experiment(page).placement.get_rate("input", 1, 2) == 0.995
    assert [read_experiment(page).placement.get_rate("cell", layer, 2) for layer in (1, 2)] == [0.995, 0.2]
    assert read_experiment(page).learning_rate == 1e-6


def test_a_full_queue_is_said_and_the_run_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_lab()
    monkeypatch.setattr(get_service(), "settings", Settings(waiting_runs=0))
    before = page.session_state["visit"]["run"]["id"]
    check_lab(page.button(key="play").click().run())
    assert page.session_state["visit"]["run"]["id"] == before
    assert "are waiting already" in read_text(page.warning[0])


def upload_file(page: AppTest, name: str, content: bytes) -> AppTest:
    """Upload a file to the uploader of the task and return the page."""
    (uploader,) = (one for one in page.file_uploader if str(one.key).startswith("own-"))
    return check_lab(uploader.upload(name, content, "text/csv").run())


def test_a_file_of_ones_own_is_learned_from_and_a_bad_one_loses_nothing() -> None:
    page = open_lab(task="series", hidden="16", epochs="3")
    last = read_experiment(page)
    for content, says in (
        (b"\x89PNG\0\0", "The file own.csv is not a text file"),
        (b"1\n" * 2_500_001, "has more than 5000000 bytes"),
    ):
        assert says in read_text(upload_file(page, "own.csv", content).error[0])
        assert read_experiment(page) == last
    upload_file(page, "own.csv", b"7\n" * 400)
    assert read_text(page.error[0]).startswith("The series is constant"), "another column, or batch, may mend it: it stays"
    assert read_experiment(page) == last
    check_lab(page.button(key="own-leave").click().run())
    rows = (f"d{n},{n % 17 * (1 + n % 3)},{'' if n == 5 else n}\n" for n in range(400))
    upload_file(page, "my level.csv", ("day,level,holes\n" + "".join(rows)).encode())
    assert not page.error
    last, options = read_experiment(page), dict(read_experiment(page).options)
    path = str(options["corpus"])
    assert (options["column"], get_display_name(path)) == ("level", "my level.csv"), "the first column that is all numbers"
    assert read_address(page) == {"v": "1", "task": "series", "hidden": "16", "epochs": "3", "file": "own", "column": "level"}
    check_lab(page.selectbox(key="option-series-column").select("holes").run())
    assert read_text(page.error[0]).startswith("The column “holes” has no number in 1 of its 400 rows, first in row 6")
    assert read_experiment(page) == last
    file = page.session_state["visit"]["files"]["series"]
    page.session_state["visit"]["files"]["series"] = file | {"path": "/etc/hostname"}
    check_lab(page.run())
    assert "own-leave" not in {button.key for button in page.button}, "a path that this visit has not brought is no path"
    page.session_state["visit"]["files"]["series"] = file
    check_lab(page.run())
    assert read_experiment(check_lab(page.selectbox(key="option-series-column").select("level").run())) == last
    assert list_forecast_traces(page) == ["data", "naive: last value"]
    page.button(key="play").click().run()
    run = wait_for_run(page, lambda run: run["state"] == "finished")
    assert list_forecast_traces(page) == ["data", "naive: last value", "network"]
    assert all(isinstance(event.get("forecast", ""), str) for event in run["events"])
    Path(path).unlink()
    assert "is no longer here" in read_text(check_lab(page.run()).warning[0])
    assert read_experiment(page).options == build_experiment("series").options


def test_columns_that_can_be_the_series_are_shown_and_asked_for() -> None:
    page = open_lab(task="series", hidden="16", epochs="3")
    last = read_experiment(page)
    rows = (f"{n};{n % 17 * (1 + n % 3)},5;{n * n % 7}\n" for n in range(400))
    upload_file(page, "two.csv", ("t;level;rain\n" + "".join(rows)).encode())
    assert "has 2 columns that can be the series" in read_text(page.error[0])
    assert read_experiment(page) == last
    captions = [read_text(caption) for caption in page.caption]
    assert [text for text in captions if text.startswith("“")] == ["“level” (0,5, 2,5, 6,5, …)", "“rain” (0, 1, 4, …)"]
    assert sum("Course of the column" in one["svg"] for one in read_components(page)["svg_drawing"]) == 2
    check_lab(page.selectbox(key="option-series-column").select("level").run())
    assert not page.error
    assert any(
        read_text(caption) == "Read from two.csv: the column “level”, 400 rows. The columns are separated by semicolons. "
        "Numbers have a decimal comma."
        for caption in page.caption
    )


def test_a_file_for_an_uploader_that_the_page_has_left_behind_is_taken() -> None:
    """The browser is faster than the page: its message is for the uploader before the present one."""
    page = open_lab(task="series", hidden="16")
    page.session_state["visit"]["upload_turn"] += 1
    upload_file(page, "own.csv", "".join(f"{n % 7}\n" for n in range(400)).encode())
    assert get_display_name(str(dict(read_experiment(page).options)["corpus"])) == "own.csv"


def list_forecast_traces(page: AppTest) -> list[str]:
    """Return the names of the traces in the chart of the series."""
    (figure,) = (json.loads(one["figure"]) for one in read_components(page)["live_chart"] if "of the series" in one["sentence"])
    return [trace["name"] for trace in figure["data"]]


def test_what_is_taken_for_what_is_drawn_from_the_record_before_the_update_that_is_shown() -> None:
    page = open_lab(task="digits", images="64", hidden="8", epochs="3")
    assert not any("predictions are right" in read_text(one) for one in page.caption)
    page.button(key="play").click().run()
    events = wait_for_run(page, lambda run: run["state"] == "finished")["events"]
    records, test = [event for event in events if "confusion" in event], events[-1]["test"]
    _now, _best, _gap, tested, baseline = read_panel(page)["numbers"]
    data = load_data(read_experiment(page))
    baselines = [f"{100 * data.baselines[split]['accuracy']:.1f} %" for split in ("validation", "test")]
    assert (baseline["value"], tested["value"]) == (baselines[0], f"{100 * test['accuracy']:.1f} %")
    assert f"Without a network (the commonest digit): {baselines[1]}." in tested["help"]
    assert [record["update"] for record in records] == [0, 4, 8, 12]
    for update, record in ((None, records[-1]), (7, records[1]), (3, records[0])):
        page.session_state["visit"]["update"] = update
        check_lab(page.run())
        matrix = json.loads(record["confusion"])
        sentence = f"{sum(matrix[n][n] for n in range(10))} of 300 predictions are right."
        assert any(read_text(one).startswith(sentence) for one in page.caption)
        (chart,) = (one for one in read_components(page)["live_chart"] if one["sentence"].startswith(sentence))
        assert json.loads(chart["figure"])["layout"]["title"]["text"] == f"validation · update {record['update']}"
        tested = [read_text(one) for one in page.caption if read_text(one).startswith("Test split, at the end: ")]
        assert len(tested) == (update is None), "of the test part only beside the last evaluation"


def test_a_link_without_its_file_says_so_and_knows_the_column() -> None:
    page = open_lab(task="series", file="own", column="holes")
    note = "This experiment learns from a file of one's own (column “holes”), which no link carries and a reload lets go."
    assert read_text(page.warning[0]).startswith(note)
    assert read_experiment(page) == build_experiment("series")
    upload_file(page, "own.csv", ("level,holes\n" + "".join(f"{n},{n % 7}\n" for n in range(400))).encode())
    assert dict(read_experiment(page).options)["column"] == "holes"
    saved = to_json(read_experiment(page)).encode()
    check_lab(page.file_uploader(key="upload").upload("experiment.json", saved, "application/json").run())
    assert read_text(page.warning[0]).startswith(note)
    assert read_experiment(page) == build_experiment("series")


def test_a_text_of_ones_own_is_read_and_too_short_a_one_loses_nothing() -> None:
    page = open_lab(hidden="16", words="2000", batch="4")
    last = read_experiment(page)
    upload_file(page, "word.txt", b"dropout")
    needs = "has 1 of the 84 words that one window of 20 steps × 4 samples needs at least (about 560 in the whole text)"
    assert needs in read_text(page.error[0])
    assert read_experiment(page) == last
    check_lab(page.button(key="own-leave").click().run())
    upload_file(page, "tale.md", b"The old cat sees a dog, and the dog sees the cat. \n" * 300)
    assert not page.error
    assert read_address(page)["file"] == "own"
    assert {"cat", "dog"} < set(load_data(read_experiment(page)).token_names)


def test_what_the_network_writes_is_shown_with_its_update() -> None:
    page = open_lab(words="2000")
    assert read_panel(page)["text"]["body"] == ""
    assert "appears here" in read_panel(page)["text"]["title"]
    odd = "# <b>a</b>\n![x](http://example.com/x.png)"
    events = [
        {"event": "started", "updates": 9, "updates_per_epoch": 4, "version": 1},
        *(
            {
                "event": "record",
                "update": n,
                "epoch": n / 4,
                "train_loss": 5.0,
                "train_loss_clean": None,
                "val_loss": None,
                "val": None,
            }
            | ({"written": f"{odd}{n}"} if n % 4 == 0 else {})
            for n in range(7)
        ),
    ]
    bench = page.session_state["visit"]
    page.session_state["visit"] = bench | {
        "run": {
            "id": "x",
            "began": bench["experiment"],
            "events": events,
            "next": 0,
            "state": "finished",
            "position": None,
            "reason": "",
            "number": 1,
            "recorded": False,
            "name": "",
            "color": 0,
        }
    }
    for chosen, shown in ((None, 4), (3, 0)):
        page.session_state["visit"]["update"] = chosen
        page.run()
        assert not page.exception
        assert read_panel(page)["text"]["body"] == f"{odd}{shown}".replace("\n", "⏎ ")
        assert f"after update {shown}, at temperature 0.8" in read_panel(page)["text"]["title"]


def test_texts_of_ones_own_are_told_apart_by_the_columns_that_are_chosen() -> None:
    page = open_lab(task="classification", hidden="8", batch="8", texts="32")
    rows = "".join(f'"a {("good", "bad")[n % 2]} film,\nsaid {n}",{n % 2}\n' for n in range(80))
    upload_file(page, "reviews.csv", ("review,stars\n" + rows).encode())
    assert read_text(page.error[0]) == (
        "The file reviews.csv has no column “text”; it has review, stars. Choose one below, under “Text column”. "
        "The page still shows what was there before: Text classification, the data that come with it."
    )
    assert [page.button(key=key).disabled for key in ("play", "step", "reset")] == [True, True, False]
    assert page.button(key="play").help == page.button(key="step").help != ""
    page.selectbox(key="option-classification-text").select("review").run()
    check_lab(page.selectbox(key="option-classification-label").select("stars").run())
    assert not page.error
    assert [page.button(key=key).disabled for key in ("play", "step")] == [False, False]
    assert "Training reads 32 of your 80 texts, validation 12 and test 12; 2 labels." in map(read_text, page.caption)
    assert "option-classification-sections" not in {one.key for one in page.number_input}
    assert load_data(read_experiment(page)).class_names == ("0", "1")
    assert {"text": "review", "label": "stars", "file": "own"}.items() < read_address(page).items()
    check_lab(page.button(key="own-leave").click().run())
    assert page.number_input(key="option-classification-sections").value == 6
    upload_file(page, "own.csv", ("label,text\n" + "".join(f"{n % 2},a text {n % 50}\n" for n in range(80))).encode())
    assert [page.selectbox(key=f"option-classification-{name}").value for name in ("text", "label")] == ["text", "label"]
    assert any("of your 80 texts (50 different: one that comes again counts once)" in read_text(one) for one in page.caption)


def test_what_is_written_to_the_first_samples_is_shown_as_the_record_before_the_update_has_it() -> None:
    page = open_lab(task="captions", hidden="8")
    (before,) = read_components(page)["svg_drawing"]
    assert before["svg"].count("no answer yet") == 8
    names = load_data(read_experiment(page)).class_names
    rows = {n: [[names.index(letter) for letter in word] + [0]] * 8 for n, word in ((0, "ten"), (6, "two"))}
    events = [
        {"event": "started", "updates": 480, "updates_per_epoch": 6, "version": 1},
        *(
            {
                "event": "record",
                "update": n,
                "epoch": n / 6,
                "train_loss": 2.0,
                "train_loss_clean": None,
                "val_loss": None,
                "val": None,
            }
            | ({"val": {"exact_match": 0.5}, "replies": json.dumps(rows[n])} if n in rows else {})
            for n in range(9)
        ),
    ]
    bench = page.session_state["visit"]
    page.session_state["visit"] = bench | {
        "run": {
            "id": "x",
            "began": bench["experiment"],
            "events": events,
            "next": 0,
            "state": "finished",
            "position": None,
            "reason": "",
            "number": 1,
            "recorded": False,
            "name": "",
            "color": 0,
        }
    }
    for chosen, last, word in ((None, 6, "two"), (5, 0, "ten")):
        page.session_state["visit"]["update"] = chosen
        check_lab(page.run())
        (shown,) = read_components(page)["svg_drawing"]
        assert "no answer yet" not in shown["svg"]
        assert re.sub("<[^>]+>", "", shown["svg"]).count(word) == 8
        assert any(read_text(one).startswith(f"After update {last}, validation: ") for one in page.caption)
