"""The state of the Compare page: its study, the runs of the study, their statistics, and what the page shows of them.

- compare, of the visit: study (a text as in links; "" for the study to begin with) and curves (the quantity that they show).
- compared: runs (those of live studies, by key), live (the study that goes on), shows_recorded, answers (statistics by
  question), request (for statistics that are being computed), asked_for (the last request), failure (why it failed), slots
  (place among the colors, by name), update (the selected one), invalid (the last refused edit), news (how many have come).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.errors import Invalid
from core.experiment import study_edits as edits
from core.experiment.experiment import Experiment
from core.experiment.start_study import build_start_study
from core.experiment.study import MAX_EXPERIMENTS, Study
from core.experiment.study_link import study_from_text, study_to_text
from core.figures.study_curves import QUANTITIES, VALIDATION
from core.i18n import _, get_catalogue
from core.results.study_answer import rename_results, results_from_plain, results_to_plain
from core.results.study_jobs import StudyStatsJobs, make_request
from core.results.study_progress import FINISHED, Progress, apply_news, list_keys, make_progress, select_ended
from core.results.study_recording import RecordedStudy, get_recording_path, read_recording
from core.results.study_stats import RunKey, SplitResult
from core.runs.studies import GONE, OVER, PAUSED, RUNNING
from pages.common import visit
from pages.common.link_fields import LinkField, make_choice_field, read_fields, write_fields
from pages.common.service import get_service

PAGE = "compare"
MAX_SEEDS = 20


@dataclass(frozen=True)
class KeyedStudy:
    """A study with the keys of its runs, by name and seed in the order of training."""

    study: Study
    keys: Mapping[RunKey, str]


def begin() -> None:
    """Begin the visit, or continue it."""
    visit.begin(FIELDS, PAGE, with_experiment=False)


def get_state() -> dict[str, Any]:
    """Return what the page knows of the runs of its study."""
    state: dict[str, Any] = visit.visit()["compared"]
    if not state:
        state.update(runs={}, live=None, shows_recorded=True, slots={}, update=None, invalid=None, news=0)
        state.update(answers={}, request=None, asked_for=None, failure="")
    return state


def get_study() -> Study:
    """Return the study of the page."""
    return get_keyed_study().study


def get_keyed_study() -> KeyedStudy:
    """Return the study of the page with the keys of its runs."""
    return _load_study(visit.visit()[PAGE]["study"], get_catalogue())


@lru_cache(maxsize=64)
def _load_study(text: str, _catalogue: object) -> KeyedStudy:
    """Return the study of a text that was checked before, "" for the study to begin with, whose names are translated."""
    study = study_from_text(text) if text else build_start_study()
    return KeyedStudy(study, list_keys(study))


def edit(control: str, function: Callable[..., Study], *arguments: Any) -> bool:
    """Apply an edit to the study; return whether it was valid. What trains ends if its run is no longer one of the study."""
    try:
        changed = function(get_study(), *arguments)
        _check_seeds(changed)
    except Invalid as invalid:
        get_state()["invalid"] = {"control": control, "sentence": str(invalid)}
        return False
    open_study(changed)
    return True


def open_study(study: Study) -> None:
    """Make a study that of the page."""
    state, before = get_state(), get_study()
    state["invalid"] = None
    visit.visit()[PAGE]["study"] = _write_study(study)
    if set(list_keys(study).values()) != set(list_keys(before).values()):
        stop()
        state["update"] = None


def get_refusal(*controls: str) -> str:
    """Return why the last edit by one of these controls was refused; "" if it was valid."""
    invalid = get_state()["invalid"]
    return str(invalid["sentence"]) if invalid and invalid["control"] in controls else ""


def rename(name: str, new: str) -> bool:
    """Rename an experiment; it keeps its color."""
    slot = get_slot(name)
    if not edit(f"rename-{name}", edits.rename_experiment, name, new):
        return False
    get_state()["slots"].pop(name, None)
    get_state()["slots"][new.strip()] = slot
    return True


def add_lab_experiment(control: str) -> bool:
    """Add the experiment of the Lab to the study, or begin one with it if it fits no study that the visitor has made."""
    if not visit.visit()[PAGE]:
        visit.visit()[PAGE] = read_fields(FIELDS, {})[0]
    if edit(control, edits.add_experiment, visit.get_experiment()):
        return True
    return not visit.visit()[PAGE]["study"] and edit(control, _begin_with, visit.get_experiment())


def _begin_with(study: Study, experiment: Experiment) -> Study:
    alone = Study(((edits.name_experiment(experiment), experiment),), study.seeds)
    return alone if not experiment.placement.sites else edits.add_experiment(alone, edits.remove_dropout(experiment))


def get_slot(name: str) -> int:
    """Return the place of an experiment among colors and dashes, which it keeps while others come and go."""
    slots, names = get_state()["slots"], get_study().names
    for gone in [one for one in slots if one not in names]:
        del slots[gone]
    for one in [one for one in names if one not in slots]:
        slots[one] = min(set(range(MAX_EXPERIMENTS)) - set(slots.values()))
    return int(slots[name])


def get_runs() -> dict[RunKey, Progress]:
    """Return all runs of the study: live ones, recorded ones if the page shows those, and those that have not begun."""
    state, keyed = get_state(), get_keyed_study()
    recorded = _list_recorded_runs() if state["shows_recorded"] else {}
    return {name: state["runs"].get(key) or recorded.get(key) or make_progress() for name, key in keyed.keys.items()}


def load_recording() -> RecordedStudy | None:
    """Return the recorded study of the study's task; None if there is none."""
    try:
        return read_recording(get_recording_path(get_study().experiments[0][1].task))
    except Invalid:
        return None


def is_recorded() -> bool:
    """Return whether a run that the page shows is a recorded one."""
    state, keys = get_state(), get_keyed_study().keys.values()
    return state["shows_recorded"] and any(key in _list_recorded_runs() for key in keys)


def _list_recorded_runs() -> Mapping[str, Progress]:
    recording = load_recording()
    return recording.runs if recording else {}


def play() -> None:
    """Train the runs of the study that are missing, or let the paused study go on. Recorded runs make way for live ones."""
    state, keyed = get_state(), get_keyed_study()
    if state["live"]:
        get_service().studies.resume(state["live"]["id"])
        poll()
        return
    done = {key for key, run in state["runs"].items() if run["state"] in (FINISHED, "failed")}
    missing = {key: run for run, key in zip(keyed.study.list_runs(), keyed.keys.values(), strict=True) if key not in done}
    try:
        study_id = get_service().studies.start([run.experiment for run in missing.values()], visit.visit()["owner"])
    except Invalid as invalid:
        visit.set_notice(str(invalid))
        return
    visit.set_notice("")
    state["runs"] |= {key: make_progress() for key in missing}
    state.update(shows_recorded=False, update=None)
    state["live"] = {"id": study_id, "keys": list(missing), "next": 0, "state": RUNNING, "at_work": 0, "left": None}
    poll()


def pause() -> None:
    """Pause all runs."""
    if live := get_state()["live"]:
        get_service().studies.pause(live["id"])
        poll()


def stop() -> None:
    """End the study that goes on; curves of runs that have ended stay."""
    state = get_state()
    if state["live"]:
        get_service().studies.stop(state["live"]["id"])
        poll()
        state["runs"] = {key: run for key, run in state["runs"].items() if run["state"] in (FINISHED, "failed")}


def reset() -> None:
    """Forget all live runs; the page shows recorded ones again, if there are any."""
    stop()
    get_state().update(runs={}, shows_recorded=True, update=None, answers={}, request=None, asked_for=None, failure="")


def poll() -> None:
    """Take the news of the study that goes on, and the statistics that are ready."""
    state = get_state()
    if live := state["live"]:
        answer = get_service().studies.poll(live["id"], live["next"])
        runs = [state["runs"][key] for key in live["keys"]]
        apply_news(runs, answer.news)
        for run, update in zip(runs, answer.updates, strict=False):
            run["update"] = update
        state["news"] += len(answer.news)
        live.update(next=answer.next, state=answer.state, at_work=answer.at_work, left=answer.seconds_left)
        if answer.state in (OVER, GONE):
            state["live"] = None
        if answer.state == GONE:
            visit.set_notice(_("The study had not been looked at for a while and was ended. Play trains what is missing."))
    _poll_statistics()


def is_active() -> bool:
    """Return whether something of the page still changes by itself."""
    live = get_state()["live"]
    return bool(live and live["state"] == RUNNING) or is_computing()


def get_live_state() -> str:
    """Return "running" or "paused" for a study that goes on; else "done", "recorded" or "ready"."""
    live = get_state()["live"]
    if live:
        return PAUSED if live["state"] == PAUSED else RUNNING
    if is_complete():
        return "done"
    return "recorded" if is_recorded() else "ready"


def is_complete() -> bool:
    """Return whether every run of the study has been trained live."""
    runs = get_state()["runs"]
    keys = get_keyed_study().keys.values()
    return all(key in runs and runs[key]["state"] in (FINISHED, "failed") for key in keys)


def get_results() -> dict[str, SplitResult] | None:
    """Return the newest statistics of the study, by split; None before there are any."""
    recording, state = load_recording(), get_state()
    if recording and state["shows_recorded"] and _has_runs_of(recording):
        return rename_results(recording.results, dict(zip(recording.study.names, get_study().names, strict=True)))
    known = state["answers"].get(_name_question())
    return results_from_plain(known) if known else None


def get_statistics_failure() -> str:
    """Return why the statistics could not be computed; "" if nothing went wrong."""
    return str(get_state()["failure"])


def is_computing() -> bool:
    """Return whether statistics are being computed."""
    return get_state()["request"] is not None


def select_update() -> int:
    """Return the update that the networks show: the selected one, else the newest that the first seed of all has evaluated."""
    chosen, newest = get_state()["update"], get_newest_update()
    return max(1, newest if chosen is None else min(chosen, newest))


def get_newest_update() -> int:
    """Return the newest update that the first seed of every experiment has evaluated; 0 before the first."""
    study, runs = get_study(), get_runs()
    newest = [runs[name, study.seeds[0]]["points"] for name in study.names]
    return min(points[-1][0] if points else 0 for points in newest)


def build_query() -> dict[str, str]:
    """Return the query of the link to the page: the study and what the curves show."""
    return write_fields(FIELDS, visit.visit()[PAGE])


def _has_runs_of(recording: RecordedStudy) -> bool:
    keys = get_keyed_study().keys
    return list(recording.runs) == list(keys.values())


def _poll_statistics() -> None:
    """Ask for statistics when another seed of all experiments has ended, and take them when they are ready."""
    state = get_state()
    jobs = StudyStatsJobs(get_service().jobs)
    if request := state["request"]:
        answer = jobs.get_answer(request["text"])
        if answer is None or not answer.is_busy:
            state["request"] = None
            if answer and answer.state == "done":
                state["answers"] = {request["question"]: results_to_plain(answer.results)}
                state["news"] += 1
            state["failure"] = answer.reason if answer and answer.state == "failed" else ""
            state["asked_for"] = (request["question"], request["seeds"])
        return
    _ask_for_statistics(jobs)


def _ask_for_statistics(jobs: StudyStatsJobs) -> None:
    state, study, recording = get_state(), get_study(), load_recording()
    if recording and state["shows_recorded"] and _has_runs_of(recording):
        return
    ended = select_ended(study, get_runs())
    seeds = sum(all((name, seed) in ended for name in study.names) for seed in study.seeds)
    question = _name_question()
    if not seeds or state["asked_for"] == (question, seeds):
        return
    try:
        text = make_request(study, ended)
        jobs.submit(text, visit.visit()["owner"])
        state["request"] = {"text": text, "question": question, "seeds": seeds}
    except Invalid as invalid:
        state["failure"], state["asked_for"] = str(invalid), (question, seeds)


def _name_question() -> str:
    """Return what the statistics are about, apart from how many seeds have ended."""
    return repr((visit.visit()[PAGE]["study"], get_state()["shows_recorded"]))


def _check_seeds(study: Study) -> None:
    if len(study.seeds) > MAX_SEEDS:
        raise Invalid(_("A study on this page has at most {most} seeds.").format(most=MAX_SEEDS), "seeds")


def _parse_study(text: str) -> str:
    if not text:
        return ""
    study = study_from_text(text)
    _check_seeds(study)
    return _write_study(study)


def _write_study(study: Study) -> str:
    return "" if study == _load_study("", get_catalogue()).study else study_to_text(study)


FIELDS = (LinkField("study", "", _parse_study), make_choice_field("curves", VALIDATION, tuple(QUANTITIES)))
