"""Random actions on any page: no exception, and controls, link, run and figures always agree on the experiment.

The oracle is the state of the visit: after every step the drawn widgets, the address, the network's barcodes and the run are
compared with it. 40 steps in the default suite; `pytest -m slow -k visitor_machine` makes 2,000.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import UnknownElement

from core.dropout.masks import list_mask_gates
from core.dropout.sites import SITES
from core.experiment.changes import CHANGEABLE_FIELDS
from core.experiment.experiment import Experiment
from core.experiment.serialization import from_plain, from_query, to_json
from core.tasks import TASKS
from pages.common.service import get_service

APP = str(Path(__file__).parents[1] / "app.py")
PAGES = {
    "lab": "pages/lab/lab.py",
    "compare": "pages/lab/compare.py",
    "history": "pages/lab/history.py",
    "masks": "pages/learn/masks.py",
    "path": "pages/learn/path.py",
    "methods": "pages/reference/methods.py",
    "papers": "pages/reference/papers.py",
}
SMALL = {"task": "delayed-recall", "lag": "4", "hidden": "8", "sequences": "64", "epochs": "2"}
# What is picked may depend on how far a run has come, so the number is drawn before it is known among how many.
PICKS = st.integers(0, 10**6)
BUTTONS = ("play", "step", "reset", "new-masks", "undo", "redo", "hold", "replay")
CSV = ("level,holes\n" + "".join(f"{n % 17 * (1 + n % 3)},{n % 7}\n" for n in range(400))).encode()
FILES = {"own.csv": CSV, "flat.csv": b"7\n" * 400, "picture.csv": b"\x89PNG\0\0", "tale.txt": b"the cat sees the dog. \n" * 300}


@pytest.fixture(scope="module", autouse=True)
def _workers() -> Iterator[None]:
    """End the workers that the pages of this module have started."""
    yield
    get_service().close()
    get_service.clear()


class VisitMachine(RuleBasedStateMachine):
    """One visit through AppTest, page by page."""

    @initialize(small=st.booleans())
    def open(self, small: bool) -> None:
        self.page = AppTest.from_file(APP, default_timeout=120)
        self.place = "lab"
        for name, value in (SMALL if small else {}).items():
            self.page.query_params[name] = value
        self.page.run()

    @rule(place=st.sampled_from(list(PAGES)))
    def go_to_page(self, place: str) -> None:
        self.place = place
        self.page.switch_page(PAGES[place]).run()

    @precondition(lambda self: self.place == "lab")
    @rule(name=st.sampled_from(list(TASKS)))
    def choose_task(self, name: str) -> None:
        self.page.selectbox(key="task").select(name).run()

    @precondition(lambda self: self.place == "lab")
    @rule(name=st.sampled_from(["lstm", "gru", "rnn", "rnn-logistic"]))
    def choose_cell(self, name: str) -> None:
        self.page.selectbox(key="cell").select(name).run()

    @precondition(lambda self: self.place == "lab")
    @rule(layers=st.integers(1, 4))
    def choose_layers(self, layers: int) -> None:
        self.page.selectbox(key="layers").select(layers).run()

    @precondition(lambda self: self.place == "lab")
    @rule(pick=PICKS)
    def switch_site(self, pick: int) -> None:
        toggles = [one for one in self.page.toggle if str(one.key).startswith("on-") and not one.disabled]
        toggle = toggles[pick % len(toggles)]
        toggle.set_value(not toggle.value).run()

    @precondition(lambda self: self.place == "lab")
    @rule(open=st.booleans())
    def fold(self, open: bool) -> None:
        self.page.session_state["more"] = open
        self.page.run()

    @precondition(lambda self: self.place == "lab")
    @rule(name=st.sampled_from(BUTTONS))
    def press(self, name: str) -> None:
        found = [one for one in self.page.button if one.key == name and not one.disabled]
        if found:
            found[0].click().run()

    @precondition(lambda self: self.place == "lab")
    @rule(name=st.sampled_from(list(FILES)))
    def bring_file(self, name: str) -> None:
        uploaders = [one for one in self.page.file_uploader if str(one.key).startswith("own-")]
        if uploaders:
            uploaders[0].upload(name, FILES[name], "text/plain").run()

    @precondition(lambda self: self.place == "lab")
    @rule(damaged=st.booleans())
    def open_experiment(self, damaged: bool) -> None:
        uploaders = [one for one in self.page.file_uploader if one.key == "upload"]
        if uploaders:
            text = '{"layers": 99}' if damaged else to_json(self.experiment)
            uploaders[0].upload("experiment.json", text.encode(), "application/json").run()

    @rule(pick=PICKS, share=st.floats(0, 1))
    def change_any_widget(self, pick: int, share: float) -> None:
        page = self.page
        kinds = [page.selectbox, page.slider, page.number_input, page.toggle, page.multiselect]
        widgets = [one for kind in kinds for one in kind if not one.disabled]
        if widgets:
            _change(widgets[pick % len(widgets)], share)
            page.run()

    @rule()
    def draw_again(self) -> None:
        self.page.run()

    @property
    def experiment(self) -> Experiment:
        return from_plain(self.page.session_state["visit"]["experiment"], trusted=True)

    @invariant()
    def nothing_has_crashed(self) -> None:
        if hasattr(self, "page"):
            assert [error.value for error in self.page.exception] == []
            assert "crash" not in self.page.session_state, self.page.session_state["crash"]

    @invariant()
    def all_say_the_same_experiment(self) -> None:
        if not hasattr(self, "page") or "visit" not in self.page.session_state:
            return
        experiment, visit = self.experiment, self.page.session_state["visit"]
        if self.place in ("lab", "masks", "path"):
            assert _without_file(from_query(_address(self.page))) == _without_file(experiment)
        if self.place == "lab":
            _compare_controls(self.page, experiment, visit)
            _compare_figure(self.page, experiment)
        run = visit["run"]
        if run and not run["recorded"]:
            fixed = {name: value for name, value in run["began"].items() if name not in CHANGEABLE_FIELDS}
            assert fixed.items() <= visit["experiment"].items(), "a run that cannot follow is set aside"


def _change(widget: Any, share: float) -> None:
    """Give a widget another value; share: which of those that it offers, from 0 to 1."""
    if widget.type == "selectbox":
        if widget.options:
            widget.select_index(round(share * (len(widget.options) - 1)))
    elif widget.type == "multiselect":
        widget.set_value(widget.value[:-1])
    elif widget.type == "toggle":
        widget.set_value(not widget.value)
    elif isinstance(widget.min, float):
        widget.set_value(round(widget.min + share * (min(widget.max, widget.min + 1) - widget.min), 2))
    else:
        widget.set_value(int(widget.min + share * (min(widget.max, widget.min + 40) - widget.min)))


def _without_file(experiment: Experiment) -> tuple[Any, ...]:
    """Return the experiment without the options that no link carries."""
    plain = vars(experiment) | {
        "options": tuple(one for one in experiment.options if one[0] not in ("corpus", "column", "text", "label"))
    }
    return tuple(sorted((name, repr(value)) for name, value in plain.items()))


def _components(page: AppTest, name: str) -> list[dict[str, Any]]:
    def walk(block: Any) -> Iterator[Any]:
        for child in block.children.values():
            yield from walk(child) if hasattr(child, "children") else [child]

    found = [one for one in walk(page._tree) if isinstance(one, UnknownElement) and one.type == "bidi_component"]
    return [json.loads(one.proto.json) for one in found if one.proto.component_name == name]


def _address(page: AppTest) -> dict[str, str]:
    return dict(parse_qsl(_components(page, "address")[-1]["query"], keep_blank_values=True))


def _compare_controls(page: AppTest, experiment: Experiment, visit: dict[str, Any]) -> None:
    values = {str(one.key): one.value for kind in (page.selectbox, page.slider, page.number_input, page.toggle) for one in kind}
    assert values["task"] == experiment.task
    assert (values["cell"], values["layers"]) == (experiment.cell, experiment.layers)
    assert values["method"] == (experiment.method or "own")
    for name in ("batch", "steps", "epochs", "learning_rate", "data_seed", "weight_seed", "mask_seed"):
        assert values.get(name, getattr(experiment, name)) == getattr(experiment, name), name
    for name, value in experiment.options:
        assert values.get(f"option-{experiment.task}-{name}", value) == value or visit["files"].get(experiment.task), name
    for site in SITES:
        dropout, key = experiment.placement.get(site), f"on-{site}"
        if key in values:
            assert values[key] == (dropout is not None or site in visit["at_zero"]), site
        if dropout is not None and f"rate-{site}" in values:
            rate = dropout.rate[0] if isinstance(dropout.rate, tuple) else dropout.rate
            assert values[f"rate-{site}"] == pytest.approx(rate, abs=0.006)


def _compare_figure(page: AppTest, experiment: Experiment) -> None:
    """Check that the barcodes of the network are at the sites where its placement drops now."""
    (network,) = _components(page, "network")
    root = ET.fromstring(network["svg"])
    shown = {(one.attrib["data-site"], int(one.attrib["data-layer"])) for one in root.iter() if "data-units" in one.attrib}
    now = {
        (site.name, layer)
        for site, layer, dropout in experiment.placement.list_active(experiment.layers)
        if list_mask_gates(dropout, experiment.cell)
    }
    run = page.session_state["visit"]["run"]
    if run is None or not run["events"]:
        assert shown <= now, shown - now


class TestVisitor:
    """The state machine in the length of the default suite."""

    def test_a_visitor_machine_finds_nothing(self) -> None:
        run_state_machine_as_test(VisitMachine, settings=_settings(examples=4, steps=10))

    @pytest.mark.slow
    def test_a_visitor_machine_finds_nothing_in_2000_steps(self) -> None:
        run_state_machine_as_test(VisitMachine, settings=_settings(examples=40, steps=50))


def _settings(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
