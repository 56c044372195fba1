"""What the path page has before it: an experiment, what is looked at, and the methods beside it. The same words in the address
as the Lab has. Plain data only, in one dict of the session: classes would not survive a hot reload."""

from dataclasses import replace
from functools import partial
from typing import Any

from core.analysis.path_counts import list_routes
from core.analysis.path_stats import find_extreme_path, remove_schedules
from core.dropout.methods import METHODS, get_method
from core.experiment import edits
from core.experiment.batches import nearest_target_step
from core.experiment.experiment import Experiment
from core.i18n import _
from core.training.events import RECORDED_SAMPLES
from pages.common import visit
from pages.common.link_fields import names, one_of, write_fields
from pages.common.path_view import View

PAGE = "path"  # where the visit keeps what this page looks at
UPDATE = 1  # of a run: its window is read, its masks are drawn
OWN = "own"  # a placement that is no method's
FALLBACK = "zaremba2014"  # for a cell that the method in hand does not have
PICKS = ("least", "most")
BESIDE = ("zaremba2014", "naive-state", "naive-cell")  # what counts are compared with at first
MOST_BESIDE = 4
# Which colour a method has in all figures of the page; a method that is not named here has the last.
HUES = {name: i for i, name in enumerate((*BESIDE, "moon2015", "gal2016"))}


def hue(name: str | None) -> int:
    """The number of the colour, and of the dash, of a method; a placement of one's own has that of those not named."""
    return HUES.get(str(name), len(HUES))


def begin() -> None:
    """Begin the visit with the link, or go on with it."""
    visit.begin(FIELDS, PAGE)


def page() -> dict[str, Any]:
    """Return what this page alone looks at: pick and beside, as its link has them; gates, weights and what was replaced."""
    kept: dict[str, Any] = visit.visit()[PAGE]
    return kept


def experiment() -> Experiment:
    """Return the experiment, as the Lab would run it."""
    return visit.experiment()


def shown() -> Experiment:
    """The experiment at its full rates: what a schedule begins with or ends on is another story."""
    plain = experiment()
    return replace(plain, placement=remove_schedules(plain.placement))


def view() -> View:
    """Return what is looked at: the path that was chosen, or the one that is corrupted least, or most, between its ends."""
    now = shown()
    looked = visit.view().fitted(now, RECORDED_SAMPLES, partial(nearest_target_step, now, UPDATE))
    if not (pick := page()["pick"]):
        return looked
    climbs, through = find_extreme_path(
        now.placement, now.layers, looked.climbs[0], looked.climbs[-1], now.cell, pick == "most"
    )
    return replace(looked, climbs=climbs, through=through)


def look(view: View, pick: str | None = None) -> None:
    """Look at something else; pick: "least", "most" or "" for the path of the view, None for what it was."""
    visit.look(view)
    if pick is not None:
        page()["pick"] = pick


def gates() -> bool:
    """Whether the routes through gates are shown: asked for, of a cell that has gates."""
    return bool(page().get("gates")) and len(list_routes(experiment().cell)) > 1


def carry() -> str:
    """What the cell's own way along time is called: the letter of an LSTM's cell, or words."""
    return "c" if experiment().cell == "lstm" else _("the carry")


def choose_method(name: str) -> None:
    """Take the method of that name, at its usual rates."""
    page()["replaced"] = ""
    visit.edit("path-method", edits.set_usual_method, name)


def choose_layers(layers: int) -> None:
    """Take another number of layers."""
    page()["replaced"] = ""
    visit.edit("path-layers", edits.set_layers, layers)


def choose_cell(cell: str) -> None:
    """Take another cell: with the same method where it is defined there, else with Zaremba's, and the page says so."""
    name = experiment().method
    known = name if name and cell in METHODS[name].cells else FALLBACK
    if visit.edit("path-cell", edits.set_cell_and_method, cell, known):
        page()["replaced"] = "" if known == name else name or OWN


def query() -> dict[str, str]:
    """Return the query of the link to this page as it is."""
    return visit.link() | write_fields(FIELDS, page() | {"beside": tuple(page()["beside"])})


def _check_beside(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(get_method(name).name for name in names))[:MOST_BESIDE]


FIELDS = (one_of("pick", "", ("", *PICKS)), names("beside", BESIDE, _check_beside))
