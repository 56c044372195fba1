"""The Masks page through Streamlit's AppTest: what it draws, what its controls do, what a damaged link does.

Oracles: the engine's own masks, core.experiment.serialization for addresses, core.analysis.preactivations for the
pre-activations. No browser.
"""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.analysis.preactivations import sample_preactivations
from core.analysis.update_recorder import record_update, train_to_update
from core.analysis.update_trace import UpdateTrace, make_request
from core.dropout.comparison import SHARING_VARIANTS, build_compared_placement
from core.dropout.methods import METHODS
from core.experiment.batches import draw_update_masks
from core.experiment.experiment import Experiment, build_experiment
from core.experiment.serialization import from_plain, from_query, to_plain
from core.figures.mask_grid import MAX_UNITS
from core.runs.trace_jobs import UpdateTraceAnswer
from pages.learn import masks_slow_motion
from pages.learn.masks_view import masks_view_from_query
from tests.app_pages import check_page, load_page, read_address, read_components, walk_elements
from tests.sweeps import LSTM_FIRST

ROOT = Path(__file__).parents[1]
PAGE = str(ROOT / "pages" / "learn" / "masks.py")
DAMAGED = {"another version": {"v": "9"}, "no such method": {"method": "nonsense"}, "nobody beside": {"beside": "nonsense"},
           "too many beside": {"beside": "step,sequence,batch"}, "no step": {"step": "x"}, "no phase": {"phase": "night"},
           "half a mask": {"mask": "between"}, "no sample": {"sample": "-1"}, "too many layers": {"layers": "99"},
           "no update": {"update": "0"}}  # fmt: skip


def open_page(**query: str) -> AppTest:
    """Open the page by a link with that query."""
    return check_page(load_page("pages/learn/masks.py", query).run())


def read_barcodes(page: AppTest, column: int) -> dict[tuple[str, int, int, int], list[int]]:
    """Return the kept units of each barcode in a grid, by site, layer, sample and step."""
    root = ET.fromstring(read_components(page)["mask_grid"][column]["svg"])
    paths = [one.attrib for one in root.iter("{http://www.w3.org/2000/svg}path") if "data-t" in one.attrib]
    return {
        (a["data-site"], int(a["data-layer"]), int(a["data-sample"]), int(a["data-t"])): [
            int(unit) for unit in re.findall(r"M0 (\d+)h1", a["d"])
        ]
        for a in paths
    }


def read_experiment(page: AppTest) -> Experiment:
    return from_plain(page.session_state["visit"]["experiment"])


def read_table(page: AppTest) -> dict[str, list[str]]:
    """Return the measured numbers by name, one text per column."""
    text = next(str(one.value) for one in page.markdown if str(one.value).startswith("|"))
    lines = [[re.sub(r"\\(.)", r"\1", cell.strip()) for cell in line.strip("|").split(" | ")] for line in text.split("\n")]
    return {line[0]: line[1:] for line in lines if line[0].strip("-")}


def test_the_first_visit_shows_the_three_sharings_of_the_default() -> None:
    page = open_page()
    assert read_experiment(page) == build_experiment()
    assert read_address(page) == {"v": "1", "task": "language-model", "mask": "input.1"}
    for n, name in enumerate(("step", "sequence", "batch")):
        e = build_experiment(placement=build_compared_placement(build_experiment().placement, name, "lstm"))
        for site, layer in (("input", 1), ("between", 2), ("output", 2)):
            mask = draw_update_masks(e, 1)[f"{site}.{layer}"]
            full = np.broadcast_to(mask, (e.steps, e.batch, 128))
            shown = read_barcodes(page, n)
            for t in range(e.steps):
                assert shown[site, layer, 0, t] == full[t, 0, :MAX_UNITS].nonzero()[0].tolist(), (name, site, t)
    assert len(read_components(page)["live_chart"]) == 6
    assert not page.warning


def test_the_numbers_are_those_of_the_masks() -> None:
    page = open_page(mask="between.2", step="3")
    mask = draw_update_masks(build_experiment(), 1)["between.2"]
    first = {name: texts[0] for name, texts in read_table(page).items()}
    assert first["kept at step 3"] == f"{np.count_nonzero(mask[3, 0])} of 128, each × 2"
    percent = 100 * np.count_nonzero(mask) / mask.size
    assert first["kept fraction, expected 1 - p"].startswith(f"{percent:.1f} % (expected 50.0 ±")
    assert first["possible thinned networks per sample"] == "2⁷⁶⁸⁰, a number of 2,312 digits"
    assert read_table(page)["units kept or dropped alike at two neighboring steps"][1] == "100 % (expected exactly 100 %)"


def test_every_scaling_is_shown_on_the_same_input() -> None:
    page = open_page(mask="between.2", step="3", unit="5")
    charts = [json.loads(one["figure"]) for one in read_components(page)["live_chart"][-3:]]
    for chart, scaling in zip(charts, ("inverted", "test", "none"), strict=True):
        one = sample_preactivations(build_experiment(), 1, "between", 2, 0, 3, 4, scaling)
        assert sum(chart["data"][0]["y"]) == 1000
        assert [line["x0"] for line in chart["layout"]["shapes"]] == [one.mean, one.test]


def test_the_unit_that_opens_is_one_on_which_the_scaling_shows() -> None:
    page = open_page(mask="between.2", step="3")
    said = [str(one.value) for one in page.caption]
    assert sum("no significant difference" in text for text in said) == 2
    assert sum("a significant difference of" in text for text in said) == 1
    assert any("its bias, and what no mask multiplies" in text for text in said)
    assert "unit" not in read_address(page)
    assert read_address(open_page(mask="between.2", step="3", unit="1"))["unit"] == "1", "one that is chosen is kept"


def test_what_is_only_a_part_of_a_mask_is_said() -> None:
    page = open_page(method="merity2017", mask="recurrent_weights.2", task="delayed-recall", lag="6", beside="")
    said = [str(one.value) for one in page.caption]
    assert any("connections into unit 1" in text and "that of g is shown" in text for text in said)
    assert not any("connections into unit 1" in str(one.value) for one in open_page().caption)


def test_lanes_that_are_read_in_another_way_say_so() -> None:
    page = open_page(task="delayed-recall", lag="6", method="krueger2016", beside="gal2016")
    said = [str(one.value).replace("\\", "") for one in page.caption]
    assert any("each stripe a unit: filled takes the new value, empty keeps the old" in text for text in said)
    assert sum(text.startswith("zoneout: filled takes the new value") for text in said) == 1
    assert sum(text.startswith("words: one draw per word of the vocabulary") for text in said) == 1
    heatmaps = [json.loads(one["figure"])["layout"]["title"]["text"] for one in read_components(page)["live_chart"][:2]]
    assert ["take the new value" in text for text in heatmaps] == [True, False]


def test_at_test_there_is_no_mask() -> None:
    page = open_page(phase="test", method="pham2013")
    assert read_barcodes(page, 0) == {}
    assert "no mask, × 0.5" in read_components(page)["mask_grid"][0]["svg"]
    assert len(read_components(page)["live_chart"]) == 3, "the sums alone"
    assert "## Measured on the masks of training" in [str(one.value) for one in page.markdown]


def test_new_masks_change_the_mask_seed_and_nothing_else() -> None:
    page = open_page(lag="12", task="delayed-recall")
    before, shown = read_experiment(page), read_barcodes(page, 0)
    check_page(page.button(key="masks-new").click().run())
    after = read_experiment(page)
    assert to_plain(after) == to_plain(before) | {"mask_seed": 8}
    assert read_barcodes(page, 0) != shown
    assert read_address(page)["mask_seed"] == "8"
    assert from_query(read_address(page)) == after


def test_the_controls_make_the_experiment_that_the_link_says() -> None:
    page = open_page()
    assert "at most 2: remove one" in page.multiselect(key="masks-beside").label
    check_page(page.selectbox(key="masks-method").select("gal2016").run())
    assert read_experiment(page).placement == METHODS["gal2016"].build_placement()
    check_page(page.selectbox(key="masks-layers").select(3).run())
    assert page.slider(key="masks-rate").label == "Sets all rates p (0.3–0.5)"
    check_page(page.slider(key="masks-rate").set_value(0.2).run())
    assert page.slider(key="masks-rate").label == "Sets all rates p"
    assert {dropout.rate for _site, dropout in read_experiment(page).placement} == {0.2}
    check_page(page.multiselect(key="masks-beside").set_value(["naive-cell"]).run())
    said = read_address(page)
    assert from_query(said) == read_experiment(page)
    assert masks_view_from_query(said).beside == ("naive-cell",)
    assert page.multiselect(key="masks-beside").label == "Compare with, on the same seeds"
    again = open_page(**said)
    assert read_address(again) == said
    assert read_barcodes(again, 1) == read_barcodes(page, 1)
    assert [component["svg"] for component in read_components(again)["mask_grid"]] == [
        component["svg"] for component in read_components(page)["mask_grid"]
    ]


def test_the_link_to_the_lab_is_the_same_experiment() -> None:
    page = open_page(method="moon2015", layers="3", mask_seed="99", sample="2", step="4", first="3")
    html = next(str(e.proto.body) for e in walk_elements(page) if "Open in the Lab" in str(getattr(e, "proto", "")))
    address = re.search(r'href="([^"]+)"', html)
    assert address
    path, said = urlsplit(address[1].replace("&amp;", "&"))[2:4]
    assert path == "./lab"
    assert from_query(dict(parse_qsl(said))) == read_experiment(page)
    assert dict(parse_qsl(said)) | {"sample": "2", "first": "3"} == dict(parse_qsl(said))


def test_what_is_changed_here_is_opened_in_the_lab_and_the_other_way_round() -> None:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    check_page(page.run())
    check_page(page.selectbox(key="method").select("moon2015").run())
    check_page(page.switch_page("pages/learn/masks.py").run())
    assert read_experiment(page).placement == METHODS["moon2015"].build_placement()
    check_page(page.selectbox(key="masks-layers").select(3).run())
    check_page(page.switch_page("pages/lab/lab.py").run())
    assert from_plain(page.session_state["visit"]["experiment"]) == build_experiment(
        layers=3, placement=METHODS["moon2015"].build_placement()
    )
    check_page(page.switch_page("pages/learn/masks.py").run())
    check_page(page.switch_page("pages/lab/lab.py").run())
    assert page.selectbox(key="layers").value == 3, "there and back, nothing changed"


@pytest.mark.parametrize("cell", LSTM_FIRST)
@pytest.mark.parametrize("name", METHODS)
def test_every_method_of_every_cell_is_shown(name: str, cell: str) -> None:
    if cell in METHODS[name].cells:
        page = open_page(task="delayed-recall", lag="6", cell=cell, method=name, beside=",".join(list(SHARING_VARIANTS)[:2]))
        assert read_experiment(page).placement == METHODS[name].build_placement(cell=cell)


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_link_is_said_and_the_default_shown(case: str) -> None:
    page = open_page(**DAMAGED[case])
    assert len(page.warning) == 1
    assert read_experiment(page) == build_experiment()
    assert read_address(page) == {"v": "1", "task": "language-model", "mask": "input.1"}


def test_what_does_not_fit_in_memory_is_said_in_its_column() -> None:
    page = open_page(method="dropconnect", hidden="512", steps="100", beside="step,zaremba2014")
    assert "fit in memory" in page.warning[0].value
    assert len(read_components(page)["mask_grid"]) == 2


def test_a_network_too_large_for_the_page_keeps_its_masks() -> None:
    page = open_page(hidden="1000", beside="")
    assert "the page computes with at most" in page.info[0].value
    assert len(read_components(page)["mask_grid"]) == 1


def test_out_of_range_is_clamped() -> None:
    page = open_page(step="999", update="99999999", sample="999", unit="99999", mask="cell.9")
    assert {"step": "19", "update": "792", "mask": "input.1"}.items() <= read_address(page).items()
    assert page.session_state["visit"]["masks"]["step"] == 999, "what was asked for is kept"


class Made:
    """A replacement for the trace jobs of the page, whose answers are complete at once."""

    def __init__(self) -> None:
        self.known: dict[str, UpdateTraceAnswer] = {}

    def submit(self, *which: Any) -> None:
        *which, _owner = which  # type: ignore[assignment]
        self.known[make_request(*which)] = UpdateTraceAnswer("done", 1.0, trace=made(*which))

    def get_answer(self, *which: Any) -> UpdateTraceAnswer | None:
        return self.known.get(make_request(*which))


def made(e: Experiment, update: int, sample: int) -> UpdateTrace:
    *_before, (run, _part) = train_to_update(e, update)
    return record_update(run, sample)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
def test_an_update_is_shown_in_slow_motion(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Made()
    monkeypatch.setattr(masks_slow_motion, "get_trace_jobs", lambda: service)
    page = open_page(task="delayed-recall", lag="6", hidden="6", batch="64", update="2", sample="3")
    assert read_components(page)["slow_motion"] == []
    check_page(page.button(key="masks-slow").click().run())
    (shown,) = read_components(page)["slow_motion"]
    e = read_experiment(page)
    seen = made(e, 2, 3)
    assert f"loss {seen.loss:.4f}." in next(frame["caption"] for frame in shown["frames"] if frame["phase"] == "loss")
    assert [phase["name"] for phase in shown["phases"]] == ["masks", "forward", "loss", "backward", "update"]
    assert 'data-lane="c.2"' in shown["stage"]
    assert shown["bring"], "what was asked for comes into sight, once"
    assert [one["bring"] for one in read_components(check_page(page.run()))["slow_motion"]] == [False]
    check_page(page.button(key="masks-new").click().run())
    assert read_components(page)["slow_motion"] == [], "another experiment has another update"


def test_an_update_too_far_away_says_what_to_lower() -> None:
    page = open_page(hidden="512", update="700")
    assert any("too far from the start" in one.value for one in page.info)
    assert "masks-slow" not in [button.key for button in page.button]


def test_no_torch_and_no_pandas_are_imported() -> None:
    script = (
        "from streamlit.testing.v1 import AppTest; import sys; "
        f"page = AppTest.from_file({PAGE!r}, default_timeout=60).run(); assert not page.exception; "
        "print(*({'torch', 'pandas'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == ""
