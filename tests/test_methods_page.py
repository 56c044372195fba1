"""The Methods page through AppTest: every method in every cell, what is found, what a damaged address does.

Oracles: the catalogue, core.analysis.path_counts for counts, core.export for code, core.experiment.serialization for addresses.
"""

import html
import re
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from core.analysis.path_counts import count_all_routes, count_corruption
from core.dropout.methods import METHODS
from core.dropout.published_results import PUBLISHED_RESULTS
from core.dropout.search import find_methods
from core.dropout.sites import SITES
from core.dropout.tutorials import TUTORIAL_CLAIMS
from core.experiment.experiment import build_experiment
from core.experiment.serialization import from_query
from core.export.keras_layers import find_keras_obstacle
from pages.common.escape import escape_markdown
from tests.app_pages import check_page, load_page, read_components, remove_escapes
from tests.sweeps import LSTM_FIRST

ROOT = Path(__file__).parents[1]


def open_page(**query: str) -> AppTest:
    """Open the page by a link with that query."""
    page = load_page("app.py", query)
    page.switch_page("pages/reference/methods.py")
    return check_page(page.run())


def list_drawings(page: AppTest, kind: str) -> list[str]:
    return [one["svg"] for one in read_components(page)["svg_drawing"] if f'class="{kind}"' in one["svg"]]


def read_texts(page: AppTest) -> str:
    """Return all texts of the page as a visitor reads them."""
    kinds = ("markdown", "caption", "header", "error", "info", "warning")
    parts = [str(getattr(one, "value", "")) for kind in kinds for one in page.get(kind)]
    return remove_escapes("\n".join(parts))


def read_link(page: AppTest) -> dict[str, str]:
    """Return the query of the first link to the Lab."""
    body = next(one.proto.body for one in page.get("html") if "to-lab" in one.proto.body)
    found = re.search(r'href="\./lab\?([^"]*)"', body)
    assert found
    return dict(parse_qsl(html.unescape(found[1])))


@pytest.mark.parametrize("cell", LSTM_FIRST)
@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_shown_for_every_cell(name: str, cell: str) -> None:
    page, row = open_page(method=name, cell=cell), METHODS[name]
    text = read_texts(page)
    assert row.label in text
    assert row.use in text
    citation = re.sub(r"arXiv:([\d.]+\d)", r"[arXiv:\1](https://arxiv.org/abs/\1)", row.citation)
    assert re.sub(r"doi:(10\.\S+)", r"[doi:\1](https://doi.org/\1)", citation) in text
    assert not row.unconfirmed or f"**Unconfirmed.** {row.unconfirmed}" in text
    defined = cell in row.cells
    assert ("is not defined for the" in text) == (not defined)
    assert len(list_drawings(page, "cell-diagram")) == defined
    if not defined:
        assert list_drawings(page, "mask-pattern") == []
        return
    placement = row.build_placement(cell=cell)
    reason = find_keras_obstacle(build_experiment(cell=cell, placement=placement, monte_carlo=row.monte_carlo))
    keras = [button.proto.label for button in page.get("download_button") if "Keras" in button.proto.label]
    assert keras == ([] if reason else ["Download it for Keras"])
    assert reason is None or reason in text
    assert len(list_drawings(page, "mask-pattern")) == len(placement.sites)
    counts = count_corruption(placement, 2, 5, cell)
    assert f"through the state {counts.through_state}" in text
    carry = "cell" if cell == "lstm" else "carry"
    assert (f"through the {carry} {counts.through_cell}" in text) == (counts.through_cell is not None)
    shown = [int(n) for n in re.findall(r'data-paths="(\d+)"', list_drawings(page, "path-histogram")[0])]
    assert shown == list(counts.histogram[counts.least :])
    experiment = from_query(read_link(page))
    assert (experiment.placement, experiment.cell, experiment.monte_carlo) == (placement, cell, row.monte_carlo)
    assert "class Model(nn.Module)" in page.code[0].value


def test_the_first_visit_shows_zaremba_in_an_lstm() -> None:
    page = open_page()
    assert page.selectbox(key="methods-method").value == "zaremba2014"
    assert "L + 1" in read_texts(page)
    assert read_components(page)["address"][-1]["query"] == "method=zaremba2014&cell=lstm"


def test_two_methods_stand_side_by_side() -> None:
    page = open_page(method="gal2016", cell="gru", **{"with": "keras"})
    assert [escape_markdown(METHODS[name].label) for name in ("gal2016", "keras")] == [header.value for header in page.header]
    assert len(list_drawings(page, "cell-diagram")) == 2
    assert dict(parse_qsl(read_components(page)["address"][-1]["query"])) == {
        "method": "gal2016",
        "cell": "gru",
        "with": "keras",
    }
    page = check_page(page.selectbox(key="methods-with").select("").run())
    assert len(list_drawings(page, "cell-diagram")) == 1


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"method": "zarembo"}, ["no method “zarembo”", "zaremba2014"]),
        ({"with": "gal2017"}, ["no method “gal2017”", "gal2016"]),
        ({"cell": "grux"}, ["cell is “grux”", "lstm, gru, rnn, rnn-logistic"]),
        ({"method": "<script>![x](http://a.b)"}, ["no method"]),
    ],
)
def test_a_damaged_address_is_said_and_the_rest_holds(query: dict[str, str], words: list[str]) -> None:
    page = open_page(**query)
    (error,) = page.error
    text = re.sub(r"\\(.)", r"\1", str(error.value)).replace("\u2060", "")
    assert all(word in text for word in words)
    assert len(list_drawings(page, "cell-diagram")) == 1
    assert page.selectbox(key="methods-method").value == "zaremba2014"


def test_an_alias_opens_its_method() -> None:
    assert open_page(method="AWD").selectbox(key="methods-method").value == "merity2017"


def test_what_is_sought_is_found_and_shown() -> None:
    page = open_page()
    page = check_page(page.text_input(key="methods-text").input("zoneout").run())
    assert page.selectbox(key="methods-method").value == "zaremba2014", "a search changes what is offered, not what is chosen"
    assert METHODS["krueger2016"].label in list(page.selectbox(key="methods-method").options)
    page = check_page(page.text_input(key="methods-text").input("nothing of the kind").run())
    assert "Nothing matches" in read_texts(page)
    page = check_page(page.text_input(key="methods-text").input("").run())
    page = check_page(page.selectbox(key="methods-site").select("cell").run())
    found = [name for name in METHODS if name in find_methods(site="cell") or name == "zaremba2014"]
    assert page.selectbox(key="methods-method").options == [METHODS[name].label for name in found]


def test_layers_distance_and_gates_are_counted() -> None:
    page = open_page(method="naive-state")
    page.number_input(key="methods-layers").set_value(3)
    page.number_input(key="methods-distance").set_value(7)
    page = check_page(page.toggle(key="methods-gates").set_value(True).run())
    placement = METHODS["naive-state"].build_placement()
    counts, every = count_corruption(placement, 3, 7), count_all_routes(placement, 3, 7)
    shown = [[int(n) for n in re.findall(r'data-paths="(\d+)"', svg)] for svg in list_drawings(page, "path-histogram")]
    assert shown == [
        list(counts.histogram[counts.least :]),
        list(every[next(i for i, n in enumerate(every) if n) :]),
    ]
    assert f"Here: {counts.least} to {counts.most}" in read_texts(page)


@pytest.mark.parametrize("name", METHODS)
def test_the_formula_gives_the_counts_in_every_cell(name: str) -> None:
    row = METHODS[name]
    for cell in row.cells:
        formula = re.sub(r"2([LH])", r"2 * \1", row.count_for.get(cell, row.count)).replace("Δ", "D")
        for layers, distance in ((1, 0), (1, 4), (2, 5), (3, 7)):
            counts = count_corruption(row.build_placement(cell=cell), layers, distance, cell)
            # Where there is nothing but the state to go through, all hops do.
            hops = (distance if counts.through_cell is None else 0, distance)
            expected = [eval(formula, {"L": layers, "D": distance, "H": h}) for h in hops]
            assert expected == [counts.least, counts.most], (cell, layers, distance)


def test_find_by_name_site_and_sharing() -> None:
    assert find_methods("gal untied") == ["gal2016-untied"]
    assert set(find_methods(site="cell")) == {"naive-cell", "moon2015"}
    assert find_methods(site="cell", time="step") == ["naive-cell"]
    assert "semeniuta2016" in find_methods(site="state", cell="rnn")
    assert find_methods("merity weights", cell="gru") == ["merity2017"]
    assert find_methods() == list(METHODS)
    for site in SITES:
        for name in find_methods(site=site):
            assert any(site in dict(METHODS[name].build_placement(cell=cell).sites) for cell in METHODS[name].cells)


def test_what_is_published_and_told_belongs_to_methods_and_is_shown() -> None:
    assert {one.method for one in PUBLISHED_RESULTS} | {one.method for one in TUTORIAL_CLAIMS} <= METHODS.keys()
    for name in {one.method for one in (*PUBLISHED_RESULTS, *TUTORIAL_CLAIMS)}:
        text = read_texts(open_page(method=name))
        assert all(one.value in text and one.source in text for one in PUBLISHED_RESULTS if one.method == name)
        assert all(one.claim in text and one.correction in text for one in TUTORIAL_CLAIMS if one.method == name)
