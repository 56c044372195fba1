"""The path page through Streamlit's AppTest: what it counts, what a change of its widgets does, what a damaged link does.

Oracles: core.analysis.path_counts for the counts, core.experiment.serialization for addresses. No browser.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from time import sleep
from urllib.parse import parse_qsl, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from core.analysis.path_counts import count_corruption, list_routes
from core.analysis.path_stats import compute_method_rows, remove_schedules
from core.dropout.methods import METHODS, find_method_name
from core.dropout.placement import build_dropout
from core.experiment import edits
from core.experiment.batches import load_data
from core.experiment.experiment import build_experiment
from core.experiment.serialization import from_query, to_plain
from core.nn.network import Network
from core.training.weight_file import save_weights
from pages.common.path_view import PathView, view_from_query
from pages.common.service import get_service
from pages.learn import path_weights
from pages.learn.path_sensitivity import get_sensitivity_jobs
from tests.app_pages import check_page, load_page, read_address, read_components, walk_elements
from tests.sweeps import LSTM_FIRST

ROOT = Path(__file__).parents[1]
DAMAGED = {
    "another version": {"v": "9"},
    "too many layers": {"layers": "99"},
    "no such method": {"method": "nonsense"},
    "no such cell": {"cell": "nonsense"},
    "a path of letters": {"path": "x"},
    "no such route": {"route": "detour"},
    "no such pick": {"pick": "worst"},
    "beside nothing known": {"beside": "nonsense"},
    "more than the memory": {"hidden": "1500", "steps": "256", "batch": "256"},
    "a picture": {"method": "![x](http://example.org/x.png)"},
}


@pytest.fixture(scope="module", autouse=True)
def _measurements() -> Iterator[None]:
    """End the service that the pages of this module have started."""
    yield
    get_service().close()
    get_service.clear()


def open_page(**query: str) -> AppTest:
    """Open the page by a link with that query."""
    return check_path_page(load_page("pages/learn/path.py", query).run())


def check_path_page(page: AppTest) -> AppTest:
    """Return the page if it ran without an exception and has the network, the charts and a slider."""
    return check_page(page, "network", "live_chart", "update_slider", "address")


def read_sentence(page: AppTest) -> str:
    """Return the sentence that counts the masks on the path."""
    return next(str(one.value) for one in page.markdown if "reaches the prediction" in str(one.value))


def read_svg(page: AppTest) -> str:
    """Return the SVG of the network."""
    return str(read_components(page)["network"][0]["svg"])


def count_crossings(page: AppTest) -> int:
    """Return how many crossings are numbered in the figure."""
    return read_svg(page).count("data-crossing=")


def test_the_page_opens_on_the_papers_count() -> None:
    page = open_page()
    assert "**3 masks**" in read_sentence(page)
    assert "L + 1 = 2 + 1 = 3, at every distance" in read_sentence(page)
    assert count_crossings(page) == 3
    assert page.segmented_control(key="path-first").value == "zaremba2014"
    assert read_address(page) == {"v": "1", "task": "language-model"}
    assert not page.error


@pytest.mark.parametrize("cell", LSTM_FIRST)
def test_every_method_and_route_is_counted(cell: str) -> None:
    page = open_page(cell=cell, method="none")
    offered = page.selectbox(key="path-method").options
    for name, row in METHODS.items():
        if cell not in row.cells or find_method_name(row.build_placement(cell=cell), cell) != name:
            continue
        assert row.label in offered
        check_path_page(page.selectbox(key="path-method").select(name).run())
        placement = remove_schedules(row.build_placement(cell=cell))
        c = count_corruption(placement, 2, 5, cell)
        counts = {"cell": c.through_cell, "state": c.through_state, "least": c.least, "most": c.most}
        said = [option.rsplit(": ", 1)[1] for option in page.segmented_control(key="path-route").options]
        assert said == [str(counts[way]) for way in (*list_routes(cell), "least", "most")], name
        for way in (*list_routes(cell), "least", "most"):
            check_path_page(page.segmented_control(key="path-route").set_value(way).run())
            assert re.search(rf"5 steps later through \*\*{counts[way]} masks?\*\*", read_sentence(page)), (
                name,
                way,
                read_sentence(page),
            )
        assert from_query(read_address(page)).placement == row.build_placement(cell=cell)
        assert read_address(page)["pick"] == "most"


def test_what_is_masked_in_three_clicks() -> None:
    page = open_page(route="state")
    counts = {}
    for name in ("zaremba2014", "naive-state", "naive-cell"):
        check_path_page(page.segmented_control(key="path-first").set_value(name).run())
        counts[name] = count_crossings(page)
        assert page.selectbox(key="path-method").value == name
    assert counts == {"zaremba2014": 3, "naive-state": 8, "naive-cell": 10}


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_layers_change_the_count_and_the_path_has_as_many_climbs(layers: int) -> None:
    page = open_page(path="1,3,9", method="zaremba2014")
    check_path_page(page.selectbox(key="path-layers").select(layers).run())
    assert f"L + 1 = {layers} + 1 = {layers + 1}" in read_sentence(page)
    assert "8 steps later" in read_sentence(page)
    assert from_query(read_address(page)).layers == layers


def test_another_experiment_ends_the_note_on_a_replaced_method() -> None:
    """The Lab may have changed placement and cell since the path page said which method is shown instead."""
    page = open_page(method="naive-cell")
    check_path_page(page.selectbox(key="path-cell").select("gru").run())
    zaremba = from_query(read_address(page))
    own = zaremba
    for site, rate in (("state", 0.3), ("candidate", 0.1)):
        own = edits.set_site(own, site, build_dropout(site, rate))
    assert own.method is None
    for experiment in (own, edits.set_cell(zaremba, "lstm")):
        page.session_state["visit"]["experiment"] = to_plain(experiment)
        check_path_page(page.run())
        assert not any("is not defined for this cell" in str(one.value) for one in page.caption)


def test_a_cell_that_has_no_such_method_gets_zarembas() -> None:
    page = open_page(method="naive-cell")
    check_path_page(page.selectbox(key="path-cell").select("gru").run())
    experiment = from_query(read_address(page))
    assert (experiment.cell, find_method_name(experiment.placement, "gru")) == ("gru", "zaremba2014")
    assert "naive-cell" not in page.segmented_control(key="path-first").options
    said = "“Naive, on the cell” is not defined for this cell, GRU: “Zaremba"
    assert any(said in str(one.value) for one in page.caption)
    check_path_page(page.selectbox(key="path-layers").select(1).run())
    assert not any(said in str(one.value) for one in page.caption)
    check_path_page(page.selectbox(key="path-cell").select("rnn").run())
    assert "path-gates" in {toggle.key for toggle in page.toggle if toggle.disabled}


def test_rates_of_single_layers_do_not_hinder_another_number_of_layers() -> None:
    page = open_page(p_state="0.1,0.3", hidden="64,32")
    check_path_page(page.selectbox(key="path-layers").select(3).run())
    assert not page.error
    experiment = from_query(read_address(page))
    dropout = experiment.placement.get("state")
    assert (experiment.widths, dropout and dropout.rate) == ((64, 32, 32), 0.1)


def test_the_view_of_a_link_is_what_is_shown() -> None:
    link = {"method": "naive-state", "path": "2,4,9", "route": "state", "steps": "30"}
    page = open_page(**link)
    assert "7 steps later through **10 masks**" in read_sentence(page)
    assert count_crossings(page) == 10
    again = read_address(page)
    assert view_from_query(again) == view_from_query(link)
    assert from_query(again) == from_query(link)


def test_the_lab_is_offered_with_the_same_experiment_and_path() -> None:
    page = open_page(method="moon2015", path="0,1,6", pick="most", cell="lstm")
    every = [str(one.proto.body) for one in walk_elements(page) if one.type == "html"]
    (link,) = [found for text in every for found in re.findall('<a href="([^"]*)" class="to-lab">Open in the Lab', text)]
    parts = urlsplit(unescape(link))
    assert (parts.scheme, parts.netloc, parts.path) == ("", "", "./lab")
    there = dict(parse_qsl(parts.query))
    assert from_query(there) == from_query(read_address(page))
    assert view_from_query(there).climbs[0::2] == (0, 6)


def test_the_labs_experiment_is_taken_over_and_again_when_it_has_changed() -> None:
    page = AppTest.from_file(str(ROOT / "pages/learn/path.py"), default_timeout=60)
    check_path_page(page.run())
    page.session_state["visit"]["experiment"] = to_plain(build_experiment(layers=3))
    check_path_page(page.run())
    assert "3 + 1 = 4" in read_sentence(page)
    check_path_page(page.selectbox(key="path-layers").select(1).run())
    assert "1 + 1 = 2" in read_sentence(page)
    page.session_state["visit"]["experiment"] = to_plain(build_experiment(layers=4))
    check_path_page(page.run())
    assert "4 + 1 = 5" in read_sentence(page)


@pytest.mark.parametrize("damage", DAMAGED, ids=str)
def test_a_damaged_link_is_said_and_the_page_stands(damage: str) -> None:
    page = open_page(**DAMAGED[damage])
    (error,) = page.error
    assert "could not be read" in str(error.value)
    assert "![x](http" not in str(error.value)
    assert "reaches the prediction" in read_sentence(page)


def test_what_is_right_in_a_damaged_link_holds() -> None:
    page = open_page(method="naive-cell", path="0,3,7", pick="worst")
    assert "7 steps later" in read_sentence(page)
    assert from_query(read_address(page)).placement == METHODS["naive-cell"].build_placement()


def test_the_table_holds_every_method_of_the_cell() -> None:
    page = open_page(cell="gru", path="0,6,12", layers="2")
    page.session_state["path-all"] = True  # unfolded
    page.run()
    tables = [str(one.value) for one in page.markdown if str(one.value).startswith("| ")]
    assert len(tables) == 2
    lines = tables[1].splitlines()[2:]
    found = compute_method_rows(2, 12, 19, "gru")
    assert len(lines) == len(found) == sum("gru" in row.cells for row in METHODS.values())
    for line, row in zip(lines, found.values(), strict=True):
        cells = [cell.strip(" *") for cell in line.strip("|").split("|")]
        assert cells[2:4] == [str(row.counts.least), str(row.counts.most)]
        assert cells[6] == str(row.counts.distinct)


def test_the_routes_through_the_gates_are_counted_apart() -> None:
    page = open_page(method="naive-state")
    charts = len(read_components(page)["live_chart"])
    check_path_page(page.toggle(key="path-gates").set_value(True).run())
    assert len(read_components(page)["live_chart"]) == charts + 1
    assert any("Through a gate" in str(one.value) for one in page.caption)
    assert "path-network-gate-f-2" in read_svg(page)
    check_path_page(page.selectbox(key="path-cell").select("rnn").run())
    assert "path-network-gate-" not in read_svg(page)


def test_a_number_of_paths_beyond_64_bits_is_written_out() -> None:
    page = open_page(task="delayed-recall", steps="130", layers="1", path="0,120", method="naive-state")
    assert any(f"{2**120:,}" in str(one.value) for one in page.markdown)


def test_methods_beside_are_in_the_address() -> None:
    page = open_page(beside="moon2015,gal2016")
    assert page.multiselect(key="path-beside").value == ["moon2015", "gal2016"]
    check_path_page(page.multiselect(key="path-beside").set_value(["gal2016"]).run())
    assert read_address(page)["beside"] == "gal2016"


class KeptRun:
    """A service that knows the weights of one run."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def weights(self, run: str) -> Path | None:
        return self.file if run == "one" else None

    def poll(self, _run: str, _since: int) -> None:
        """Accept the poll that keeps a run alive."""


def test_the_weights_of_a_run_are_measured_on_its_own_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, file = build_experiment("delayed-recall", {"lag": 4}, hidden=8, layers=1), tmp_path / "one.pt"
    save_weights(Network(load_data(run).tokens, load_data(run).classes, run), 7, file)
    monkeypatch.setattr(path_weights, "get_service", lambda: KeptRun(file))
    shelf = {"id": "one", "number": 3, "recorded": False, "name": "", "began": to_plain(run), "events": []}
    page = AppTest.from_file(str(ROOT / "pages/learn/path.py"), default_timeout=60)
    check_path_page(page.run())
    page.session_state["visit"]["previous_run"] = shelf
    check_path_page(page.run())
    check_path_page(page.selectbox(key="path-weights").select("one").run())
    (info,) = page.info
    assert re.match(r"run 3 .* trained another network than the one above: LSTM, 1 layer of 8 units", str(info.value))
    check_path_page(page.button(key="path-as-run").click().run())
    assert from_query(read_address(page)).widths == (8,)
    page.button(key="path-measure").click().run()
    while (found := get_sensitivity_jobs().get_answer(run, file)) and found.state in ("waiting", "running"):
        sleep(0.02)
    assert found
    assert (found.state, found.update) == ("done", 7), found.reason
    check_path_page(page.run())
    assert any("with its weights after update 7" in str(one.value) for one in page.caption)
    assert not [one for one in page.button if one.key == "path-measure"]
    save_weights(Network(load_data(run).tokens, load_data(run).classes, run), 8, file)
    assert "gone on" in check_path_page(page.run()).button(key="path-measure").label


def test_the_page_loads_neither_torch_nor_pandas() -> None:
    code = f"""
import sys
from streamlit.testing.v1 import AppTest
page = AppTest.from_file({str(ROOT / "pages/learn/path.py")!r}, default_timeout=60).run()
assert not page.exception
print(*({{"torch", "pandas"}} & set(sys.modules)))
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout.strip()) == (0, ""), ended.stderr


def test_a_view_is_fitted_to_what_there_is() -> None:
    page = open_page(path="900,950,999", first="800", sample="77")
    assert "reaches the prediction" in read_sentence(page)
    assert PathView(**page.session_state["visit"]["view"]).climbs == (900, 950, 999)
