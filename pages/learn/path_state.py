"""The state of the path page: the view with its path, the methods to compare with, and the edits of the page."""

from dataclasses import replace
from typing import Any

from core.analysis.path_counts import list_routes
from core.analysis.path_stats import find_extreme_path, remove_schedules
from core.dropout.methods import METHODS, get_method
from core.experiment import edits
from core.experiment.experiment import Experiment
from core.i18n import _
from pages.common import visit
from pages.common.link_fields import make_choice_field, make_names_field, write_fields
from pages.common.path_figure import fit_view
from pages.common.path_view import PathView

PAGE = "path"  # the key of this page's state in the visit
UPDATE = 1  # the update whose window and masks are shown
CUSTOM = "own"  # a placement that is no method
FALLBACK_METHOD = "zaremba2014"  # for a cell for which the method is not defined
PICKS = ("least", "most")
DEFAULT_COMPARISON = ("zaremba2014", "naive-state", "naive-cell")  # the methods that counts are compared with at first
MAX_COMPARED = 4


def begin() -> None:
    """Begin the visit with the link, or continue it."""
    visit.begin(FIELDS, PAGE)


def get_page() -> dict[str, Any]:
    """Return the state of this page alone: the link's `pick` and `beside`, and `gates`, `weights` and `replaced`."""
    page: dict[str, Any] = visit.visit()[PAGE]
    return page


def get_full_rate_experiment() -> Experiment:
    """Return the experiment at its full rates, without schedules."""
    experiment = visit.get_experiment()
    return replace(experiment, placement=remove_schedules(experiment.placement))


def get_view() -> PathView:
    """Return the fitted view, with the selected path, or with the least or most corrupted one between its ends."""
    experiment = get_full_rate_experiment()
    view = fit_view(experiment, UPDATE)
    if not (pick := get_page()["pick"]):
        return view
    climbs, through = find_extreme_path(
        experiment.placement, experiment.layers, view.climbs[0], view.climbs[-1], experiment.cell, pick == "most"
    )
    return replace(view, climbs=climbs, through=through)


def set_view(view: PathView, pick: str | None = None) -> None:
    """Change the view. pick: "least", "most", "" for the path of the view, None to keep the pick."""
    visit.set_view(view)
    if pick is not None:
        get_page()["pick"] = pick


def has_visible_gate_routes() -> bool:
    """Return whether the routes through gates are shown: switched on, for a cell that has gates."""
    return bool(get_page().get("gates")) and len(list_routes(visit.get_experiment().cell)) > 1


def name_carry() -> str:
    """Return the name of the cell's own route along time: the letter of an LSTM's cell, or words."""
    return "c" if visit.get_experiment().cell == "lstm" else _("the carry")


def set_method(name: str) -> None:
    """Set the method, at its usual rates."""
    visit.edit("path-method", edits.set_usual_method, name)


def set_layers(layers: int) -> None:
    """Set the number of layers."""
    visit.edit("path-layers", edits.set_layers, layers)


def set_cell(cell: str) -> None:
    """Set the cell, and Zaremba's method if the present one is not defined for it; the page then says so."""
    name = visit.get_experiment().method
    known = name if name and cell in METHODS[name].cells else FALLBACK_METHOD
    if visit.edit("path-cell", edits.set_cell_and_method, cell, known) and known != name:
        get_page()["replaced"] = {"method": name or CUSTOM, "experiment": visit.visit()["experiment"]}


def get_replaced_method() -> str:
    """Return the method that the page has replaced by `FALLBACK_METHOD`; "" once anything has changed since."""
    replaced = get_page().get("replaced")
    return str(replaced["method"]) if replaced and replaced["experiment"] == visit.visit()["experiment"] else ""


def build_query() -> dict[str, str]:
    """Return the query of the link to this page as it is."""
    return visit.build_link() | write_fields(FIELDS, get_page() | {"beside": tuple(get_page()["beside"])})


def _check_beside(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(get_method(name).name for name in names))[:MAX_COMPARED]


FIELDS = (make_choice_field("pick", "", ("", *PICKS)), make_names_field("beside", DEFAULT_COMPARISON, _check_beside))
