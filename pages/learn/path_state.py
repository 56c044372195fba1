"""What the path page has before it: an experiment, what is looked at, and the methods beside it. The same words in the address
as the Lab has. Plain data only, in one dict of the session: classes would not survive a hot reload."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import streamlit as st

from core.analysis.path_counts import routes_of
from core.analysis.path_stats import extreme, full
from core.dropout.methods import METHODS, method
from core.dropout.placement import Placement
from core.errors import Invalid
from core.experiment.batches import load_data, nearest_target_step
from core.experiment.experiment import Experiment, build_experiment
from core.experiment.serialization import from_query, remembered, to_plain, to_query
from core.i18n import _, use
from core.training.events import SHOWN_SAMPLES
from pages.common.path_view import View, view_of, view_query
from pages.common.visit_files import note, present

UPDATE = 1  # of a run: its window is read, its masks are drawn
OWN = "own"  # a placement that is no method's
PICKS = ("least", "most")
BESIDE = ("zaremba2014", "naive-state", "naive-cell")  # what counts are compared with at first
MOST_BESIDE = 4
# Which colour a method has in all figures of the page; a method that is not named here has the last.
HUES = {name: i for i, name in enumerate((*BESIDE, "moon2015", "gal2016"))}


def hue(name: str | None) -> int:
    """The number of the colour, and of the dash, of a method; a placement of one's own has that of those not named."""
    return HUES.get(str(name), len(HUES))


def begin() -> None:
    """At the first visit: the experiment of the address, or that of the Lab, or the default. Later: that of the Lab, where it
    has been changed there since."""
    state, query = st.session_state, st.query_params.to_dict()
    in_lab = state["lab"]["experiment"] if "lab" in state else None
    if "path-page" not in state:
        state["path-page"] = {
            "experiment": in_lab or to_plain(build_experiment()),
            "view": asdict(View()),
            "pick": "",
            "beside": BESIDE,
            "error": "",
            "replaced": "",
            "in-lab": in_lab,
        }
        if query:
            _open(query)
    elif in_lab is not None and in_lab != bench()["in-lab"]:
        bench().update({"experiment": in_lab, "in-lab": in_lab})
    bench()["experiment"] = present(bench()["experiment"])


def bench() -> dict[str, Any]:
    """All of it, of this session."""
    kept: dict[str, Any] = st.session_state["path-page"]
    return kept


def experiment() -> Experiment:
    """The experiment, as the Lab would run it."""
    return remembered(bench()["experiment"])


def shown() -> Experiment:
    """The experiment at its full rates: what a schedule begins with or ends on is another story."""
    plain = experiment()
    return replace(plain, placement=full(plain.placement))


def view() -> View:
    """What is looked at: the path that was chosen, or the one that is corrupted least, or most, between its ends."""
    now = shown()
    looked = View(**bench()["view"]).fitted(now, SHOWN_SAMPLES, partial(nearest_target_step, now, UPDATE))
    if not (pick := bench()["pick"]):
        return looked
    climbs, through = extreme(now.placement, now.layers, looked.climbs[0], looked.climbs[-1], now.cell, pick == "most")
    return replace(looked, climbs=climbs, through=through)


def look(view: View, pick: str | None = None) -> None:
    """Looks at something else; pick: "least", "most" or "" for the path of the view, None for what it was."""
    bench()["view"] = asdict(view)
    bench()["pick"] = bench()["pick"] if pick is None else pick


def gates() -> bool:
    """Whether the routes through gates are shown: asked for, of a cell that has gates."""
    return bool(bench().get("gates")) and len(routes_of(experiment().cell)) > 1


def change(**fields: Any) -> None:
    """Another experiment. One that cannot be leaves all as it was, and the page says why."""
    use(st.context.locale or "en")  # a callback runs before the page does
    before = experiment()
    if "layers" in fields:
        fields = {"hidden": max(before.widths), "placement": _alike(before.placement)} | fields
    try:
        now = replace(before, **fields)
        load_data(now)
    except Invalid as invalid:
        bench()["error"] = str(invalid)
    else:
        bench().update({"experiment": to_plain(now), "error": "", "replaced": ""})


def carry() -> str:
    """What the cell's own way along time is called: the letter of an LSTM's cell, or words."""
    return "c" if experiment().cell == "lstm" else _("the carry")


def choose(name: str) -> None:
    """The method of that name, at its usual rates."""
    change(placement=METHODS[name].placement(cell=experiment().cell))


def choose_cell(cell: str) -> None:
    """Another cell: with the same method where it is defined there, else with Zaremba's, and the page says so."""
    name = experiment().method
    known = name if name and cell in METHODS[name].cells else "zaremba2014"
    change(cell=cell, placement=METHODS[known].placement(cell=cell))
    if known != name and not bench()["error"]:
        bench()["replaced"] = name or OWN


def query() -> dict[str, str]:
    """The address of all this."""
    looked = View(**bench()["view"])
    pick = {"pick": bench()["pick"]} if bench()["pick"] else {}
    beside = {} if tuple(bench()["beside"]) == BESIDE else {"beside": ",".join(bench()["beside"])}
    return to_query(experiment()) | view_query(looked) | pick | beside


def lab_query() -> dict[str, str]:
    """The address of the Lab with the same experiment and the same path."""
    return to_query(experiment()) | view_query(view())


def _open(query: Mapping[str, str]) -> None:
    # What is right in the address holds; of what is wrong the page says so.
    errors = []
    for read in (_read_experiment, _read_view, _read_pick, _read_beside):
        try:
            bench().update(read(query))
        except Invalid as invalid:
            errors.append(str(invalid))
    whole = _("The link could not be read as a whole. {why}")
    bench()["error"] = whole.format(why=" ".join(errors)) if errors else note(query)


def _read_experiment(query: Mapping[str, str]) -> dict[str, Any]:
    linked = from_query(query)
    load_data(linked)
    return {"experiment": to_plain(linked)}


def _read_view(query: Mapping[str, str]) -> dict[str, Any]:
    return {"view": asdict(view_of(query))}


def _read_pick(query: Mapping[str, str]) -> dict[str, Any]:
    pick = query.get("pick", "")
    if pick not in ("", *PICKS):
        raise Invalid(_("pick is “{pick}”; it must be one of {all}.").format(pick=pick, all=", ".join(PICKS)), "pick")
    return {"pick": pick}


def _read_beside(query: Mapping[str, str]) -> dict[str, Any]:
    if "beside" not in query:
        return {}
    names = [method(name).name for name in query["beside"].split(",") if name]
    return {"beside": tuple(dict.fromkeys(names))[:MOST_BESIDE]}


def _alike(placement: Placement) -> Placement:
    """One rate for all layers of a site: another number of layers has no place for so many."""
    sites = {name: replace(one, rate=max(one.rate)) if isinstance(one.rate, tuple) else one for name, one in placement.sites}
    return Placement.of(sites, dict(placement.losses))
