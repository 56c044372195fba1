"""What the Masks page shows: an experiment, what stands beside it, what is opened. Plain data in one dict of the session."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import streamlit as st

from core.dropout.comparison import beside, with_rate
from core.dropout.methods import METHODS
from core.dropout.placement import Placement
from core.errors import Invalid
from core.experiment.batches import load_data
from core.experiment.experiment import BOUNDS, Experiment, build_experiment
from core.experiment.serialization import from_query, remembered, to_plain, to_query
from core.i18n import _
from core.training.events import SHOWN_SAMPLES
from pages.common.path_view import View, view_of, view_query
from pages.common.visit_files import note, present
from pages.learn.masks_view import Look, look_of, look_query

KEY = "masks-page"


def begin() -> None:
    """At the first visit: what the link says, else what is in the Lab. Later: what was changed in the Lab since."""
    state, lab = st.session_state, _in_the_lab()
    if KEY not in state:
        query = st.query_params.to_dict()
        state[KEY] = _of_link(query) | {"lab": lab}
        if not query and lab:
            state[KEY]["experiment"] = lab
        elif query and not state[KEY]["error"]:
            state["open"] = to_plain(experiment())  # the Lab shows the same, when it is visited
            complain(note(query))
    elif lab and lab != state[KEY]["lab"]:
        state[KEY] |= {"lab": lab, "experiment": lab}
    state[KEY]["experiment"] = present(state[KEY]["experiment"])


def _in_the_lab() -> dict[str, Any] | None:
    return st.session_state["lab"]["experiment"] if "lab" in st.session_state else None


def _of_link(query: Mapping[str, str]) -> dict[str, Any]:
    experiment, view, look, errors = build_experiment(), View(), Look(), []
    try:
        linked = from_query(query)
        load_data(linked)
        experiment = linked
    except Invalid as invalid:
        errors.append(_("The link could not be read, so this is the default. {why}").format(why=invalid))
    try:
        view, look = view_of(query), look_of(query)
    except Invalid as invalid:
        errors.append(_("What the link looks at could not be read. {why}").format(why=invalid))
    return {"experiment": to_plain(experiment), "view": asdict(view), "look": asdict(look), "error": " ".join(errors)}


def error() -> str:
    """What was wrong with the link, or with the last change."""
    return str(st.session_state[KEY]["error"])


def complain(why: str) -> None:
    """What is said at the top of the page until the next change."""
    st.session_state[KEY]["error"] = why


def experiment() -> Experiment:
    """The experiment, whose masks stand first."""
    return remembered(st.session_state[KEY]["experiment"])


def look() -> Look:
    """What is looked at, as far as the experiment has it."""
    return _asked().fitted(experiment())


def _asked() -> Look:
    """What was asked for, whether the experiment has it or not."""
    kept = st.session_state[KEY]["look"]
    return Look(**kept | {"beside": None if kept["beside"] is None else tuple(kept["beside"])})


def compared() -> tuple[str, ...]:
    """What stands beside the experiment."""
    return look().beside or ()


def sample() -> int:
    """The sample, from 0."""
    return min(int(st.session_state[KEY]["view"]["sample"]), samples() - 1)


def samples() -> int:
    """How many samples can be looked at: as many as in the Lab."""
    return min(experiment().batch, SHOWN_SAMPLES)


def see(**changed: Any) -> None:
    """Looks at something else."""
    chosen = changed.pop("sample", None)
    st.session_state[KEY]["look"] = asdict(replace(look(), **{"beside": _asked().beside} | changed))
    if chosen is not None:
        st.session_state[KEY]["view"]["sample"] = chosen


def change(**fields: Any) -> None:
    """Another experiment; the Lab follows. What cannot be is said, and nothing changes."""
    try:
        changed = replace(experiment(), **fields)
        load_data(changed)
    except Invalid as invalid:
        complain(str(invalid))
        return
    st.session_state[KEY] |= {"experiment": to_plain(changed), "error": ""}
    st.session_state["open"] = to_plain(changed)


def choose_method(name: str) -> None:
    """The placement of a method, at its usual rates."""
    change(placement=METHODS[name].placement(cell=experiment().cell))


def choose_rate(rate: float) -> None:
    """One rate for every site."""
    change(placement=with_rate(experiment().placement, rate))


def choose_layers(layers: int) -> None:
    """Another number of layers; where each had its own size or rate, all take the first's."""
    now = experiment()
    hidden = now.hidden[0] if isinstance(now.hidden, tuple) else now.hidden
    sites = {site.name: replace(d, rate=d.rate[0] if isinstance(d.rate, tuple) else d.rate) for site, d in now.placement}
    change(layers=layers, hidden=hidden, placement=Placement.of(sites, dict(now.placement.losses)))


def new_masks() -> None:
    """The next mask seed; nothing else changes."""
    change(mask_seed=(experiment().mask_seed + 1) % (BOUNDS["mask_seed"][1] + 1))


def columns() -> list[tuple[str, Experiment | Invalid]]:
    """The experiment and those beside it, by name ("" the first): the same in everything but the placement; the reason
    where one cannot be."""
    first = experiment()
    found: list[tuple[str, Experiment | Invalid]] = [("", first)]
    for name in compared():
        try:
            found.append((name, replace(first, placement=beside(first.placement, name, first.cell))))
        except Invalid as invalid:
            found.append((name, invalid))
    return found


def lab_query() -> dict[str, str]:
    """The query of the link to the Lab: the same experiment and sample."""
    return to_query(experiment()) | view_query(View(**st.session_state[KEY]["view"]))


def query() -> dict[str, str]:
    """The query of the link to this page as it is."""
    return lab_query() | look_query(replace(look(), beside=_asked().beside))
