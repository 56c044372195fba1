"""The run of a visit in the Lab: play, step, reset and replay it, and what the page shows of it."""

import sys
import time
from collections.abc import Sequence
from typing import Any

from core.errors import Invalid
from core.experiment.batches import load_data
from core.experiment.changes import get_experiment_at
from core.experiment.diff import have_comparable_losses
from core.experiment.experiment import Experiment
from core.experiment.serialization import from_plain_cached, to_plain
from core.i18n import _
from core.runs.history import LISTS
from core.runs.recording import Recorded
from core.training.events import RECORDED_SAMPLES, last_update, thin_records
from pages.common import visit
from pages.common.link_fields import make_choice_field, write_fields
from pages.common.service import get_service, load_recorded_run
from pages.common.visit import ACTIVE, Run
from pages.lab import upload

PAGE = "lab"  # the key of this page's state in the visit
PRESENT = "1"  # the value of the link's field `present` during a presentation
FIELDS = (make_choice_field("present", "", ("", PRESENT)),)
FAST, SLOW = "fast", "slow"  # the paces
SLOW_INTERVAL = 1.0  # approximate seconds between two updates at the slow pace
SECONDS_PER_UPDATE = 0.05  # of a recorded run, about its original speed
DEFAULT, WITHOUT_DROPOUT = "default", "no-dropout"  # the names of the recorded runs
GRAY = "recorded"  # the id of the recorded run without dropout
MAX_EARLIER = 5  # runs whose curves stay beside the visible one; each has a color of its own


def begin() -> None:
    """Begin the visit, or continue it; the default experiment opens with its recorded run, once."""
    visit.begin(FIELDS, PAGE)
    truth = visit.visit()
    if "opened_recording" not in truth:
        truth["opened_recording"] = True
        if truth["run"] is None and truth["previous_run"] is None:
            _open_recording()


def build_link() -> dict[str, str]:
    """Return the query of the link to the experiment, the view and the layout."""
    return visit.build_link() | write_fields(FIELDS, visit.visit()[PAGE])


def is_blocked() -> bool:
    """Return whether no run can start, because the uploaded file cannot be used yet."""
    return upload.is_pending()


def can_replay() -> bool:
    """Return whether there is a recorded run of this experiment that can be replayed."""
    return not is_active() and not is_recorded() and _has_recording(visit.get_experiment())


def replay() -> None:
    """Play the recorded run from its beginning."""
    clear_run()
    visit.visit()["previous_run"] = None
    _open_recording()


def play() -> None:
    """Start a run, or resume the paused one. A recorded run is replaced by the live one."""
    truth = visit.visit()
    truth["update"] = None  # show the newest update
    if is_active() and not is_recorded():
        _go_on()
        return
    try:
        run_id = get_service().submit(visit.get_experiment(), truth["owner"], RECORDED_SAMPLES)
    except Invalid as invalid:
        visit.set_notice(str(invalid))
        return
    clear_run()
    truth.update(runs=truth["runs"] + 1, notice="")
    truth["run"] = make_run(run_id, recorded=False)
    if truth["pace"] == SLOW:
        _go_on()


def pause() -> None:
    """Pause the run."""
    visit.visit()["stepping"] = False
    send_command("pause")


def set_pace(pace: str) -> None:
    """Set the pace of live runs; a run that goes on continues at that pace."""
    visit.visit()["pace"] = pace
    if is_going_on():
        _go_on()


def is_going_on() -> bool:
    """Return whether a live run makes updates by itself now or will, without one click for each."""
    return is_active() and not is_recorded() and (get_run_state() != "paused" or bool(visit.visit()["stepping"]))


def step_slowly() -> None:
    """Make the next update of a run at the slow pace, if it is due."""
    truth = visit.visit()
    if truth["stepping"] and get_run_state() == "paused" and time.monotonic() - truth["stepped_at"] >= SLOW_INTERVAL:
        truth["stepped_at"] = time.monotonic()
        send_command("step")


def _go_on() -> None:
    truth = visit.visit()
    truth["stepping"] = truth["pace"] == SLOW
    send_command("step" if truth["stepping"] else "resume")
    truth["stepped_at"] = time.monotonic()


def step() -> None:
    """Make one update, then pause; start the experiment if there is no run."""
    if not is_active() or is_recorded():
        play()
    visit.visit().update(update=None, stepping=False)
    send_command("step")


def send_command(command: str) -> None:
    """Send a command without arguments to the run, if there is one."""
    if (run := visit.visit()["run"]) is not None:
        get_service().command(run["id"], {"command": command})


def clear_run() -> None:
    """End the run. Its curves stay beside the next run's if it trained an epoch, or if no other comparable curves do."""
    visit.set_aside_run()
    truth = visit.visit()
    previous, truth["previous_run"] = truth["previous_run"], None
    if previous is None or (previous["recorded"] and not previous["name"]):
        return
    if _has_trained_an_epoch(previous) or not any(_is_comparable(one, previous) for one in truth["earlier"]):
        truth["earlier"] = [previous, *truth["earlier"]][:MAX_EARLIER]


def remove_earlier_run(run_id: str) -> None:
    """Remove the curves of an earlier run."""
    truth = visit.visit()
    truth["earlier"] = [run for run in truth["earlier"] if run["id"] != run_id]


def clear_run_of_other_task() -> None:
    """Clear the run if it is of another task: its curves cannot be compared."""
    run = get_visible_run()
    if run is not None and run["began"]["task"] != visit.visit()["experiment"]["task"]:
        clear_run()


def get_visible_run() -> Run | None:
    """Return the run whose curves are drawn in color: the present one, else the last one."""
    run: Run | None = visit.visit()["run"] or visit.visit()["previous_run"]
    return run


def list_earlier_runs() -> list[Run]:
    """Return the earlier runs whose losses are comparable with those of the visible run, or of the next one."""
    visible = get_visible_run() or {"began": visit.visit()["experiment"]}
    return [run for run in visit.visit()["earlier"] if _is_comparable(run, visible)]


def open_recorded_run(recorded: Recorded, name: str) -> None:
    """Show a stored run with its experiment, as it was at its end, as a recorded run; the present run ends.

    Raises Invalid, and changes nothing, if its data cannot be made.
    """
    changed = get_experiment_at(recorded.experiment, recorded.events, sys.maxsize)
    load_data(changed)
    clear_run()
    visit.open_experiment(to_plain(changed))
    truth = visit.visit()
    run_id = get_service().replay(recorded, truth["owner"], 0.0)
    run = make_run(run_id, recorded=True, name=name) | {"began": to_plain(recorded.experiment)}
    truth.update(run=run, previous_run=None, update=None, opened_recording=True)


def overlay_run(recorded: Recorded, name: str, run_id: str) -> None:
    """Add the curves of a run to the earlier runs, the newest first. run_id: one that is there already is replaced.

    Raises Invalid if its losses cannot be compared with those of the visible run, or of the next one.
    """
    truth = visit.visit()
    visible = get_visible_run()
    events = [{field: value for field, value in event.items() if field not in LISTS} for event in recorded.events]
    run: Run = {"id": run_id, "number": 0, "recorded": True, "name": name, "began": to_plain(recorded.experiment)}
    if not _is_comparable(run, visible or {"began": truth["experiment"]}):
        raise Invalid(
            _("The losses of this run are of other data than those in the Lab, so that its curves would say nothing there.")
        )
    others = [one for one in truth["earlier"] if one["id"] != run_id][: MAX_EARLIER - 1]
    color = _choose_color([*others, *([visible] if visible else [])])
    truth["earlier"] = [run | {"color": color, "events": thin_records(events, visit.MAX_EVENTS)}, *others]


def is_active() -> bool:
    """Return whether there is a run that is running, queued or paused."""
    run = visit.visit()["run"]
    return run is not None and run["state"] in ACTIVE


def get_run_state() -> str:
    """Return the state of the run; "ready" if there is none yet."""
    run = visit.visit()["run"]
    return str(run["state"]) if run else "ready"


def is_recorded() -> bool:
    """Return whether the present run is a recorded one."""
    run = visit.visit()["run"]
    return run is not None and bool(run["recorded"])


def get_newest_update() -> int:
    """Return the number of the run's newest update; 0 without a run."""
    run = visit.visit()["run"]
    return last_update(run["events"]) if run else 0


def get_planned_updates() -> int | None:
    """Return the planned number of updates of the run; None before it has started."""
    run = visit.visit()["run"]
    started = visit.select_run_events(run, "started") if run else []
    return started[0]["updates"] if started else None


def get_update_experiment(update: int) -> Experiment:
    """Return the experiment at an update, with the changes made to the run up to it."""
    run = visit.visit()["run"]
    if run is None or update > last_update(run["events"]):
        return visit.get_experiment()
    return get_experiment_at(from_plain_cached(run["began"]), visit.select_run_events(run, "changed"), update)


def has_changed_since(update: int) -> bool:
    """Return whether placement or mask seed have changed since an update."""
    before, now = get_update_experiment(update), visit.get_experiment()
    return (before.placement, before.mask_seed) != (now.placement, now.mask_seed)


def _open_recording() -> None:
    """Replay the recorded run of the default experiment, beside the gray curve of a run without dropout."""
    recorded, plain = load_recorded_run(DEFAULT), load_recorded_run(WITHOUT_DROPOUT)
    if recorded is None or plain is None or not _has_recording(visit.get_experiment()):
        return
    truth = visit.visit()
    if not any(run["id"] == GRAY for run in truth["earlier"]):
        gray = {"id": GRAY, "number": 0, "recorded": True, "name": "", "color": None, "began": to_plain(plain.experiment)}
        gray["events"] = list(plain.packed_events)
        truth["earlier"] = [*truth["earlier"], gray][-MAX_EARLIER:]
    run_id = get_service().replay(recorded, truth["owner"], SECONDS_PER_UPDATE)
    truth.update(run=make_run(run_id, recorded=True), update=None)


def _has_recording(experiment: Experiment) -> bool:
    recorded = load_recorded_run(DEFAULT)
    return recorded is not None and recorded.experiment == experiment


def make_run(run_id: str, recorded: bool, name: str = "") -> Run:
    """Return the data of a new run of the experiment, which the service knows by run_id. name: of a stored run."""
    return {
        "id": run_id,
        "began": visit.visit()["experiment"],
        "events": [],
        "next": 0,
        "state": "queued",
        "position": None,
        "reason": "",
        "number": visit.visit()["runs"],
        "recorded": recorded,
        "name": name,
        "color": _choose_color(visit.visit()["earlier"]),
    }


def _choose_color(others: Sequence[Run]) -> int:
    """Return the first color that none of the other runs has."""
    return min(set(range(MAX_EARLIER + 1)) - {run["color"] for run in others})


def _has_trained_an_epoch(run: Run) -> bool:
    return last_update(run["events"]) >= int(visit.select_run_events(run, "started")[0]["updates_per_epoch"])


def _is_comparable(one: Run, other: dict[str, Any]) -> bool:
    return have_comparable_losses(from_plain_cached(one["began"]), from_plain_cached(other["began"]))
