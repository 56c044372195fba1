"""The state of a visit: its experiment, its run, its files and the view of each page. Plain data in one dict.

Pages read it and change it through `edit`; no widget's key is read anywhere else. Classes would not survive a hot reload.

- experiment, undo, redo: the experiment as `to_plain` writes it, and those before and after it.
- invalid: the last refused change, {"control": key of the widget, "sentence"}; None if the last change was valid.
- off_sites: settings of the sites that are off, or on at rate 0. at_zero: the sites that are on at rate 0.
- tasks: the settings that each task had when another was chosen. files: by task, the uploaded file and its columns.
- run: the run that goes on, or has ended and belongs to this very experiment.
- previous_run: one whose curves stay until the next run begins. earlier: runs whose curves stay beside the next, newest first.
- curves: the settings of the curves.
- pace: of live runs. stepping: whether the run goes on update by update, as at the slow pace; stepped_at: when it last did.
- shared: the link that the visitor asked for last, with its QR code; None before.
- view, lab, masks, path, methods, compare: the views of the pages. compared: the runs of that page's study. history: what
  the page of the stored runs shows.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import streamlit as st

from core.errors import Invalid
from core.experiment.batches import load_data
from core.experiment.changes import CHANGEABLE_FIELDS
from core.experiment.experiment import Experiment, build_experiment
from core.experiment.serialization import from_plain_cached, from_query, get_missing_file_columns, to_plain, to_query
from core.i18n import _
from core.tasks.prediction_summary import KINDS
from core.training.events import Event, drop_old_predictions, last_update, thin_records
from pages.common.link_fields import LinkField, read_fields
from pages.common.path_view import PathView, view_from_query, view_to_query
from pages.common.service import get_owner, get_service
from pages.common.visit_files import describe_missing_file, has_files, replace_lost_file, select_shared_options

KEY = "visit"
ACTIVE = ("queued", "starting", "running", "paused", "recorded")
OUTPUTS = "outputs"
MAX_UNDO = 100
MAX_EVENTS = 3000  # events of a run; beyond that, its older records are thinned
SAME_DRAG = 1.5  # seconds within which edits by one control are one step of undo

Run = dict[str, Any]
Plain = dict[str, Any]
EditFunction = Callable[..., Experiment]


def visit() -> Plain:
    """Return the state of this visit; it begins as the default experiment without a run."""
    try:
        truth: Plain = st.session_state[KEY]  # looked up once, as a page asks for it some sixty times
    except KeyError:
        truth = st.session_state[KEY] = _make_state()
    return truth


def begin(fields: Sequence[LinkField] = (), page: str = "", with_experiment: bool = True) -> None:
    """Begin the visit, at its first page, with the experiment, the view and this page's own fields from its link.

    page: where the values of the fields are stored. with_experiment: whether the link carries an experiment and a view. A
    damaged part of the link is replaced by its default, and the page says so. On later calls, drop what can no longer be drawn.
    """
    if KEY in st.session_state:
        drop_lost_files()
        if page and not visit()[page]:
            visit()[page] = read_fields(fields, {})[0]
        return
    get_owner()
    query, truth = st.query_params.to_dict(), visit()
    if with_experiment:
        _read_experiment(query)
        _read_view(query)
    if page:
        truth[page], errors = read_fields(fields, query)
        if errors:
            _complain_too(_("What the link looks at could not be read. {why}").format(why=" ".join(map(str, errors))))


def get_experiment() -> Experiment:
    """Return the experiment of the visit."""
    return from_plain_cached(visit()["experiment"])


def edit(control: str, function: EditFunction, *arguments: Any, **named: Any) -> bool:
    """Apply an edit to the experiment; return whether it was valid.

    function(experiment, *arguments, **named) returns the new experiment. If it raises Invalid, that is stored as `invalid` with
    the key of the control, and everything else stays as it was.
    """
    try:
        changed = function(get_experiment(), *arguments, **named)
        load_data(changed)
    except Invalid as invalid:
        visit()["invalid"] = {"control": control, "field": invalid.field, "sentence": str(invalid)}
        return False
    open_experiment(to_plain(changed), control)
    return True


def open_experiment(plain: Plain, control: str = "") -> None:
    """Make a validated experiment that of the visit; `undo` returns to the one before."""
    truth = visit()
    truth["invalid"] = None
    if plain == truth["experiment"]:
        return
    if not _continues(control):
        truth["undo"] = [*truth["undo"], truth["experiment"]][-MAX_UNDO:]
    truth.update(redo=[], edited={"control": control, "at": time.monotonic()})
    _follow(plain)


def open_query(query: Mapping[str, str]) -> bool:
    """Open the experiment of a link inside the app. Return False, with a notice and no other change, if the link is damaged."""
    try:
        linked = from_query(query)
        load_data(linked)
        truth = visit()
        truth["files_wanted"] = get_missing_file_columns(query) or {}
        if to_plain(linked) == select_shared_options(truth["experiment"]):
            return True  # the same experiment, apart from an uploaded file, which no link carries: it stays
        open_experiment(to_plain(linked))
        truth["notice"] = describe_missing_file(query)
    except Invalid as invalid:
        visit()["notice"] = _("The link could not be read. {why}").format(why=invalid)
        return False
    return True


def get_view() -> PathView:
    """Return the view: window, sample and path."""
    return PathView(**visit()["view"])


def set_view(view: PathView) -> None:
    """Set the view."""
    visit()["view"] = asdict(view)


def build_link() -> dict[str, str]:
    """Return the query of the link to the experiment and the view."""
    return to_query(get_experiment()) | view_to_query(get_view())


def undo() -> None:
    """Go back to the experiment before the last edit."""
    _travel("undo", "redo")


def redo() -> None:
    """Go forward again to the experiment before the last undo."""
    _travel("redo", "undo")


def get_refusal(*controls: str) -> str:
    """Return the error of the control with one of these keys; "" if its last change was valid."""
    invalid = visit()["invalid"]
    return str(invalid["sentence"]) if invalid and invalid["control"] in controls else ""


def set_notice(sentence: str) -> None:
    """Set the sentence that is shown at the top of the pages until the next edit."""
    visit()["notice"] = sentence


def drop_lost_files() -> None:
    """Go back to the task's own data if the file of the experiment is gone; drop the runs that need it to be drawn."""
    truth = visit()
    for name in ("run", "previous_run"):
        if truth[name] and not has_files(truth[name]["began"]):
            truth[name] = None
    truth["earlier"] = [run for run in truth["earlier"] if has_files(run["began"])]
    for name in ("undo", "redo"):
        truth[name] = [plain for plain in truth[name] if has_files(plain)]
    if not has_files(truth["experiment"]):
        truth["experiment"] = replace_lost_file(truth["experiment"])
        truth["notice"] = _(
            "The file that you brought is no longer here, as nobody had looked at it for hours. These are the task's own data; "
            "upload it again to go on."
        )


def poll_run() -> None:
    """Append the run's events since the last poll, and its state; say so if it ended before the last change."""
    run = visit()["run"]
    if run is not None and run["state"] in ACTIVE:
        _take_news(run)
        if run["state"] not in ACTIVE and not run["recorded"]:
            _check_last_change(run)


def _take_news(run: Run) -> None:
    news = get_service().poll(run["id"], run["next"])
    run["events"] += news.events
    if len(run["events"]) > MAX_EVENTS:
        run["events"] = thin_records(run["events"], MAX_EVENTS)
    if news.events:
        drop_old_predictions(run["events"], get_service().settings.predictions)
    run.update(next=news.next, state=news.state, position=news.position, reason=news.reason)


def select_run_events(run: Run, kind: str) -> list[Event]:
    """Return the events of one kind of a run; of kind `OUTPUTS`, the records that hold the outputs of an evaluation.

    A call examines only the events since the last call.
    """
    events, index = run["events"], run.get("index")
    if index is None or index["of"] is not events or index["count"] > len(events):
        index = run["index"] = {"of": events, "count": 0, "kinds": {}}
    for event in events[index["count"] :]:
        index["kinds"].setdefault(event["event"], []).append(event)
        if any(name in event for name in KINDS):
            index["kinds"].setdefault(OUTPUTS, []).append(event)
    index["count"] = len(events)
    found: list[Event] = index["kinds"].setdefault(kind, [])
    return found


def set_aside_run() -> None:
    """End the run, if there is one. Its curves stay until the next run begins."""
    run = visit()["run"]
    if run is None:
        return
    if run["state"] in ACTIVE:
        get_service().command(run["id"], {"command": "stop"})
        _take_news(run)
    if last_update(run["events"]) > 0:
        events = [{name: value for name, value in e.items() if name != "predicted"} for e in run["events"]]
        fields = ("id", "number", "recorded", "name", "began", "color")
        visit()["previous_run"] = {name: run[name] for name in fields} | {"events": events}
    visit().update(run=None, update=None)


def _read_experiment(query: Mapping[str, str]) -> None:
    truth = visit()
    try:
        linked = from_query(query)
        load_data(linked)
        truth["experiment"] = to_plain(linked)
        truth["files_wanted"] = get_missing_file_columns(query) or {}
        truth["notice"] = describe_missing_file(query)
    except Invalid as invalid:
        _complain_too(_("The link could not be read, so this is the default. {why}").format(why=invalid))


def _read_view(query: Mapping[str, str]) -> None:
    try:
        visit()["view"] = asdict(view_from_query(query))
    except Invalid as invalid:
        _complain_too(_("What the link looks at could not be read. {why}").format(why=invalid))


def _complain_too(sentence: str) -> None:
    visit()["notice"] = " ".join(filter(None, (visit()["notice"], sentence)))


def _make_state() -> Plain:
    return {
        "experiment": to_plain(build_experiment()),
        "undo": [],
        "redo": [],
        "edited": {"control": "", "at": 0.0},
        "invalid": None,
        "notice": "",
        "off_sites": {},
        "at_zero": [],
        "tasks": {},
        "files": {},
        "files_wanted": {},
        "owner": get_owner(),
        "run": None,
        "previous_run": None,
        "earlier": [],
        "runs": 0,
        "pace": "fast",
        "stepping": False,
        "stepped_at": 0.0,
        "curves": {},
        "update": None,
        "mask": None,
        "shared": None,
        "view": {},
        "lab": {},
        "masks": {},
        "path": {},
        "methods": {},
        "history": {},
        "compare": {},
        "compared": {},
    }


def _continues(control: str) -> bool:
    """Return whether an edit by this control goes on with the last one, as a drag of a slider does."""
    edited = visit()["edited"]
    within = time.monotonic() - edited["at"] < SAME_DRAG
    return control.startswith("rate-") and edited["control"] == control and within


def _travel(back: str, forth: str) -> None:
    truth = visit()
    if not truth[back]:
        return
    plain = truth[back][-1]
    truth.update({back: truth[back][:-1], forth: [*truth[forth], truth["experiment"]], "invalid": None})
    truth["edited"] = {"control": "", "at": 0.0}
    _follow(plain)


def _follow(plain: Plain) -> None:
    """Set the visit's experiment to `plain`. A run that can apply the change gets it; any other ends, and its curves stay."""
    truth = visit()
    before, run = truth["experiment"], truth["run"]
    truth.update(experiment=plain, notice="")
    changed = {name: value for name, value in plain.items() if before.get(name) != value}
    if run is None or not changed:
        return
    if run["state"] in ACTIVE and not run["recorded"] and all(name in CHANGEABLE_FIELDS for name in changed):
        try:
            get_service().command(run["id"], {"command": "change"} | changed)
        except Invalid as invalid:  # the change exceeds a limit of this server
            set_aside_run()
            set_notice(str(invalid))
    else:
        set_aside_run()


def _check_last_change(run: Run) -> None:
    """Set the run aside, with a notice, if it ended before the last change reached it: its curves belong to other settings."""
    applied = dict(run["began"])
    for event in select_run_events(run, "changed"):
        applied |= {name: event[name] for name in CHANGEABLE_FIELDS if name in event}
    if any(applied[name] != visit()["experiment"][name] for name in CHANGEABLE_FIELDS):
        set_aside_run()
        set_notice(_("The run had ended before your last change reached it. Press Play to start a run with the new settings."))
