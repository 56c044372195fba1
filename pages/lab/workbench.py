"""What a visitor has on the bench: the experiment that the controls describe, the run, and the runs before it.

run: the one now on, or ended and of this very experiment. kept: one that ended, or was ended by a change of the controls;
its curves stay until the next run begins. previous: the grey curve.

Plain data only, in one dict of the session: classes would not survive a hot reload.
"""

import json
from dataclasses import asdict
from typing import Any

import streamlit as st

from core.errors import Invalid
from core.experiment.batches import load_data
from core.experiment.changes import CHANGEABLE, experiment_at
from core.experiment.diff import have_comparable_losses
from core.experiment.experiment import Experiment, build_experiment
from core.experiment.serialization import file_wanted, from_plain, from_query, to_plain, to_query
from core.i18n import _, use
from core.tasks.prediction_summary import KINDS
from core.training.events import SHOWN_SAMPLES, last_update, select_events
from pages.common.path_view import View, view_of, view_query
from pages.common.service import owner, recorded_run, service
from pages.common.visit_files import note, present, there
from pages.lab import upload

LISTS = ("predicted", *KINDS)  # in a record: what was answered
ACTIVE = ("queued", "starting", "running", "paused", "recorded")
SECONDS_PER_UPDATE = 0.05  # of a recorded run: about as fast as it was

Run = dict[str, Any]


def lab() -> dict[str, Any]:
    """The bench of this session."""
    bench: dict[str, Any] = st.session_state.lab
    return bench


def begin() -> Experiment | None:
    """At the first script run of a visit: the experiment of the URL, or the default. Later: None, but where the file that
    it learns from is gone: the same on the task's own data."""
    owner()
    if "lab" in st.session_state:
        return _without_lost_files()
    query = st.query_params.to_dict()
    experiment, view, errors = build_experiment(), View(), []
    try:
        linked = from_query(query)
        load_data(linked)
        experiment = linked
        upload.remember(file_wanted(query))
        errors += [sentence] if (sentence := note(query)) else []
    except Invalid as invalid:
        errors.append(_("The link could not be read, so this is the default. {why}").format(why=invalid))
    try:
        view = view_of(query)
    except Invalid as invalid:
        errors.append(_("What the link looks at could not be read. {why}").format(why=invalid))
    st.session_state.lab = {
        "experiment": to_plain(experiment),
        "run": None,
        "kept": None,
        "previous": None,
        "runs": 0,
        "owner": owner(),
        "error": " ".join(errors),
        "view": asdict(view),
        "update": None,
        "refused": False,
    }
    _open_recorded(experiment)
    return experiment


def open_without_file(data: dict[str, Any]) -> None:
    """What is opened from a file may learn from another, which it does not carry: that this is not there is said."""
    upload.remember(file_wanted(data))
    lab()["error"] = note(data)


def _without_lost_files() -> Experiment | None:
    """Runs whose file is gone are given up: nothing of them could be drawn."""
    lost = [name for name in ("run", "kept", "previous") if lab()[name] and not there(lab()[name]["began"])]
    lab().update(dict.fromkeys(lost))
    if there(lab()["experiment"]):
        return None
    lab().update(
        experiment=present(lab()["experiment"]),
        error=_(
            "The file that you brought is no longer here, as nobody had looked at it for hours. These are the task's own data; "
            "bring it again to go on."
        ),
    )
    return wanted()


def _open_recorded(experiment: Experiment) -> None:
    """The default experiment opens on a recorded run of it, beside one without dropout."""
    recorded, plain = recorded_run("default"), recorded_run("no-dropout")
    if recorded is None or plain is None or recorded.experiment != experiment:
        return
    lab()["previous"] = {
        "id": "recorded",
        "number": 0,
        "recorded": True,
        "began": to_plain(plain.experiment),
        "events": list(plain.events),
    }
    run_id = service().replay(recorded, lab()["owner"], SECONDS_PER_UPDATE)
    lab()["run"] = _fresh(run_id, recorded=True)


def _fresh(run_id: str, recorded: bool) -> Run:
    plain = lab()["experiment"]
    return {
        "id": run_id,
        "began": plain,
        "told": plain,
        "events": [],
        "next": 0,
        "state": "queued",
        "position": None,
        "reason": "",
        "number": lab()["runs"],
        "recorded": recorded,
    }


def view() -> View:
    """What is looked at."""
    return View(**lab()["view"])


def look(view: View) -> None:
    """Looks at something else."""
    lab()["view"] = asdict(view)


def refused() -> bool:
    """Whether the controls describe no experiment: what is wanted is then an earlier one, which nobody asks for now."""
    return bool(lab()["refused"])


def wanted() -> Experiment:
    """The experiment that the controls describe."""
    return from_plain(lab()["experiment"], trusted=True)


def reconcile(experiment: Experiment | None) -> None:
    """Makes the bench follow the controls: a change that the run can take is sent to it; any other is a new
    experiment, and the run so far is kept until that begins, or given up where it is one of another task. None: the controls
    describe no experiment; what is on the bench stays, and nothing can be started from it."""
    lab()["refused"] = experiment is None
    if experiment is None:
        return
    lab()["experiment"] = to_plain(experiment)
    if (last := shown()) is not None and last["began"]["task"] != experiment.task:
        shelve()
    run = lab()["run"]
    if run is None or run["told"] == lab()["experiment"]:
        return
    changed = [name for name, value in lab()["experiment"].items() if run["told"][name] != value]
    if run["state"] in ACTIVE and not run["recorded"] and all(name in CHANGEABLE for name in changed):
        service().command(run["id"], {"command": "change"} | {name: lab()["experiment"][name] for name in changed})
        run["told"] = lab()["experiment"]
    else:
        set_aside()


def play() -> None:
    """Starts the experiment, or goes on with the paused run. A recorded run gives way to the live one."""
    run = lab()["run"]
    lab()["update"] = None  # what comes now is what is looked at
    if run is not None and run["state"] in ACTIVE and not run["recorded"]:
        tell("resume")
        return
    use(st.context.locale or "en")  # a callback runs before the page does
    try:
        run_id = service().submit(wanted(), lab()["owner"], SHOWN_SAMPLES)
    except Invalid as invalid:
        lab()["error"] = str(invalid)
        return
    shelve()
    lab().update(runs=lab()["runs"] + 1, error="")
    lab()["run"] = _fresh(run_id, recorded=False)


def step() -> None:
    """One update, then a pause; starts the experiment if there is no run."""
    run = lab()["run"]
    if run is None or run["state"] not in ACTIVE or run["recorded"]:
        play()
    lab()["update"] = None
    tell("step")


def tell(command: str) -> None:
    """A command without arguments, for the run, if there still is one."""
    if lab()["run"] is not None:
        service().command(lab()["run"]["id"], {"command": command})


def set_aside() -> None:
    """Ends the run, if there is one. What it has to show stays until the next one begins."""
    run = lab()["run"]
    if run is None:
        return
    if run["state"] in ACTIVE:
        tell("stop")
        poll()
    if last_update(run["events"]) > 0:
        events = [{name: value for name, value in e.items() if name != "predicted"} for e in run["events"]]
        lab()["kept"] = {name: run[name] for name in ("id", "number", "recorded", "began")} | {"events": events}
    lab().update(run=None, update=None)


def shelve() -> None:
    """Clears the bench: ends the run, and what it has to show becomes the grey curve if it tells more than that one."""
    set_aside()
    kept, lab()["kept"] = lab()["kept"], None
    if kept and not kept["recorded"] and (_went_an_epoch(kept) or not _beside(lab()["previous"], kept)):
        lab()["previous"] = kept


def shown() -> Run | None:
    """The run whose curves are drawn in colour: the one now on, else the one that is kept."""
    run: Run | None = lab()["run"] or lab()["kept"]
    return run


def grey() -> Run | None:
    """The run before, if its losses can be compared with those of the run that is shown, or that is to come."""
    run, previous = shown(), lab()["previous"]
    return previous if _beside(previous, run or {"began": lab()["experiment"]}) else None


def _went_an_epoch(run: Run) -> bool:
    return last_update(run["events"]) >= int(select_events(run["events"], "started")[0]["updates_per_epoch"])


def _beside(one: Run | None, other: Run) -> bool:
    return one is not None and have_comparable_losses(
        from_plain(one["began"], trusted=True), from_plain(other["began"], trusted=True)
    )


def poll() -> None:
    """Takes over what the run has told since the last poll."""
    run = lab()["run"]
    if run is None or run["state"] not in ACTIVE:
        return
    news = service().poll(run["id"], run["next"])
    # As text: thousands of lists would be looked at by every garbage collection.
    run["events"] += [e | {name: json.dumps(e[name]) for name in LISTS if name in e} for e in news.events]
    run.update(next=news.next, state=news.state, position=news.position, reason=news.reason)


def active() -> bool:
    """Whether there is a run that still goes on, waits or is paused."""
    run = lab()["run"]
    return run is not None and run["state"] in ACTIVE


def state() -> str:
    """What the run is: "ready" where there is none yet."""
    run = lab()["run"]
    return str(run["state"]) if run else "ready"


def recorded() -> bool:
    """Whether what is shown is a recorded run."""
    run = lab()["run"]
    return run is not None and bool(run["recorded"])


def now() -> int:
    """The newest update of the run; 0 where there is none."""
    run = lab()["run"]
    return last_update(run["events"]) if run else 0


def total() -> int | None:
    """How many updates the run will have; None before it has started."""
    run = lab()["run"]
    started = select_events(run["events"], "started") if run else []
    return started[0]["updates"] if started else None


def at(update: int) -> Experiment:
    """The experiment that was, or will be, in force at an update."""
    run = lab()["run"]
    if run is None or update > last_update(run["events"]):
        return wanted()
    return experiment_at(from_plain(run["began"], trusted=True), run["events"], update)


def changed_since(update: int) -> bool:
    """Whether the next update's masks will be drawn otherwise than those of that one."""
    then, coming = at(update), wanted()
    return (then.placement, then.mask_seed) != (coming.placement, coming.mask_seed)


def link() -> dict[str, str]:
    """The query of the link to what is on the bench."""
    return to_query(wanted()) | view_query(view())
