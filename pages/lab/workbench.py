"""What can be done with the run of a visit, and what of it is shown: play, step, reset, replay; the curves and updates."""

from typing import Any

from core.errors import Invalid
from core.experiment.changes import get_experiment_at
from core.experiment.diff import have_comparable_losses
from core.experiment.experiment import Experiment
from core.experiment.serialization import from_plain_cached, to_plain
from core.training.events import RECORDED_SAMPLES, last_update
from pages.common import visit
from pages.common.service import recorded_run, service
from pages.common.visit import ACTIVE, Run
from pages.lab import upload

SECONDS_PER_UPDATE = 0.05  # of a recorded run: about as fast as it was
DEFAULT, WITHOUT_DROPOUT = "default", "no-dropout"  # the names of the recorded runs


def begin() -> None:
    """Begin the visit, or go on with it; the default experiment opens on its recording, once."""
    visit.begin()
    truth = visit.visit()
    if "opened_recording" not in truth:
        truth["opened_recording"] = True
        if truth["run"] is None and truth["kept"] is None:
            _open_recording()


def is_held() -> bool:
    """Whether nothing can be started: a file was brought that cannot be learned from yet."""
    return upload.is_pending()


def can_replay() -> bool:
    """Whether the recorded run of this very experiment can be played again."""
    return not is_active() and not is_recorded() and _recording_of(visit.experiment())


def replay() -> None:
    """Play the recorded run from its beginning."""
    clear()
    visit.visit()["kept"] = None
    _open_recording()


def play() -> None:
    """Start the experiment, or go on with the paused run. A recorded run gives way to the live one."""
    truth = visit.visit()
    truth["update"] = None  # what comes now is what is looked at
    if is_active() and not is_recorded():
        tell("resume")
        return
    try:
        run_id = service().submit(visit.experiment(), truth["owner"], RECORDED_SAMPLES)
    except Invalid as invalid:
        visit.complain(str(invalid))
        return
    clear()
    truth.update(runs=truth["runs"] + 1, notice="")
    truth["run"] = begin_run(run_id, recorded=False)


def step() -> None:
    """Make one update, then pause; start the experiment if there is no run."""
    if not is_active() or is_recorded():
        play()
    visit.visit()["update"] = None
    tell("step")


def tell(command: str) -> None:
    """Send a command without arguments to the run, if there still is one."""
    if (run := visit.visit()["run"]) is not None:
        service().command(run["id"], {"command": command})


def clear() -> None:
    """End the run; what it has to show becomes the gray curve if it tells more than that one."""
    visit.set_aside_run()
    truth = visit.visit()
    kept, truth["kept"] = truth["kept"], None
    if kept and not kept["recorded"] and (_has_trained_an_epoch(kept) or not _is_comparable(truth["previous"], kept)):
        truth["previous"] = kept


def clear_other_task() -> None:
    """Give the curves of another task up: nothing of them can be laid beside this one's."""
    run = shown_run()
    if run is not None and run["began"]["task"] != visit.visit()["experiment"]["task"]:
        clear()


def shown_run() -> Run | None:
    """Return the run whose curves are drawn in color: the one now on, else the one that is kept."""
    run: Run | None = visit.visit()["run"] or visit.visit()["kept"]
    return run


def previous_run() -> Run | None:
    """Return the run before, if its losses can be compared with those of the run that is shown, or that is to come."""
    previous = visit.visit()["previous"]
    return previous if _is_comparable(previous, shown_run() or {"began": visit.visit()["experiment"]}) else None


def is_active() -> bool:
    """Whether there is a run that still goes on, waits or is paused."""
    run = visit.visit()["run"]
    return run is not None and run["state"] in ACTIVE


def state() -> str:
    """Return the state of the run; "ready" where there is none yet."""
    run = visit.visit()["run"]
    return str(run["state"]) if run else "ready"


def is_recorded() -> bool:
    """Whether what is shown is a recorded run."""
    run = visit.visit()["run"]
    return run is not None and bool(run["recorded"])


def newest_update() -> int:
    """Return the newest update of the run; 0 where there is none."""
    run = visit.visit()["run"]
    return last_update(run["events"]) if run else 0


def planned_updates() -> int | None:
    """Return how many updates the run will have; None before it has started."""
    run = visit.visit()["run"]
    started = visit.events_of(run, "started") if run else []
    return started[0]["updates"] if started else None


def at(update: int) -> Experiment:
    """Return the experiment that was, or will be, in force at an update."""
    run = visit.visit()["run"]
    if run is None or update > last_update(run["events"]):
        return visit.experiment()
    return get_experiment_at(from_plain_cached(run["began"]), visit.events_of(run, "changed"), update)


def changed_since(update: int) -> bool:
    """Whether the next update's masks will be drawn otherwise than those of that one."""
    then, coming = at(update), visit.experiment()
    return (then.placement, then.mask_seed) != (coming.placement, coming.mask_seed)


def _open_recording() -> None:
    """Open the default experiment on a recorded run of it, beside one without dropout."""
    recorded, plain = recorded_run(DEFAULT), recorded_run(WITHOUT_DROPOUT)
    if recorded is None or plain is None or not _recording_of(visit.experiment()):
        return
    truth = visit.visit()
    truth["previous"] = truth["previous"] or {
        "id": "recorded",
        "number": 0,
        "recorded": True,
        "began": to_plain(plain.experiment),
        "events": [visit.thin(event) for event in plain.events],
    }
    run_id = service().replay(recorded, truth["owner"], SECONDS_PER_UPDATE)
    truth.update(run=begin_run(run_id, recorded=True), update=None)


def _recording_of(experiment: Experiment) -> bool:
    recorded = recorded_run(DEFAULT)
    return recorded is not None and recorded.experiment == experiment


def begin_run(run_id: str, recorded: bool) -> Run:
    """Return a run of the experiment that the service has just been given."""
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
    }


def _has_trained_an_epoch(run: Run) -> bool:
    return last_update(run["events"]) >= int(visit.events_of(run, "started")[0]["updates_per_epoch"])


def _is_comparable(one: Run | None, other: dict[str, Any]) -> bool:
    return one is not None and have_comparable_losses(from_plain_cached(one["began"]), from_plain_cached(other["began"]))
