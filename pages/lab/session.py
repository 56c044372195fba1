"""What a visitor has on the bench: the experiment that the controls describe, the run, and the run before it.

Plain data only, in one dict of the session: classes would not survive a hot reload.
"""

from typing import Any

import streamlit as st

from core.codec import from_plain, from_query, to_plain, to_query
from core.errors import Invalid
from core.experiment import Experiment, build
from core.language import _
from core.runs.history import in_force, newest, of_kind
from core.runs.protocol import CHANGEABLE
from core.tasks.windows import data_of
from pages.common.service import owner, service

ACTIVE = ("queued", "starting", "running", "paused")
SHOW = 8  # samples whose predictions a run records

Run = dict[str, Any]


def lab() -> dict[str, Any]:
    """The bench of this session."""
    bench: dict[str, Any] = st.session_state.lab
    return bench


def begin() -> Experiment | None:
    """At the first script run of a visit: the experiment of the URL, or the default. Later: None."""
    if "lab" in st.session_state:
        return None
    error = ""
    try:
        experiment = from_query(st.query_params.to_dict())
        data_of(experiment)
    except Invalid as invalid:
        experiment, error = build(), _("The link could not be read, so this is the default. {why}").format(why=invalid)
    st.session_state.lab = {"experiment": to_plain(experiment), "run": None, "previous": None, "runs": 0,
                            "error": error, "view": {}}  # fmt: skip
    return experiment


def wanted() -> Experiment:
    """The experiment that the controls describe."""
    return from_plain(lab()["experiment"])


def reconcile(experiment: Experiment) -> None:
    """Makes the bench follow the controls: a change that the run can take is sent to it; any other is a new
    experiment, and the run so far becomes the previous one."""
    lab()["experiment"] = to_plain(experiment)
    run = lab()["run"]
    if run is None or run["told"] == lab()["experiment"]:
        return
    changed = [name for name, value in lab()["experiment"].items() if run["told"][name] != value]
    if run["state"] in ACTIVE and all(name in CHANGEABLE for name in changed):
        service().command(run["id"], {"command": "change"} | {name: lab()["experiment"][name] for name in changed})
        run["told"] = lab()["experiment"]
    else:
        shelve()


def play() -> None:
    """Starts the experiment, or goes on with the paused run."""
    run = lab()["run"]
    if run is not None and run["state"] in ACTIVE:
        tell("resume")
        return
    if run is not None:
        shelve()
    lab()["runs"] += 1
    plain = lab()["experiment"]
    run_id = service().submit(from_plain(plain), owner(), SHOW)
    lab()["run"] = {"id": run_id, "began": plain, "told": plain, "events": [], "next": 0, "state": "queued",
                    "position": None, "reason": "", "name": _("Run {n}").format(n=lab()["runs"])}  # fmt: skip


def step() -> None:
    """One update, then a pause; starts the experiment if there is no run."""
    run = lab()["run"]
    if run is None or run["state"] not in ACTIVE:
        play()
    tell("step")


def tell(command: str) -> None:
    """A command without arguments, for the run."""
    service().command(lab()["run"]["id"], {"command": command})


def shelve() -> None:
    """Ends the run and keeps it as the previous one, if it has anything to show."""
    run = lab()["run"]
    if run is None:
        return
    if run["state"] in ACTIVE:
        tell("stop")
        poll()
    if newest(run["events"]) > 0:
        lab()["previous"] = {name: run[name] for name in ("id", "name", "began", "events")}
    lab()["run"] = None


def poll() -> None:
    """Takes over what the run has told since the last poll."""
    run = lab()["run"]
    if run is None or run["state"] not in ACTIVE:
        return
    news = service().poll(run["id"], run["next"])
    run["events"] += news.events
    run.update(next=news.next, state=news.state, position=news.position, reason=news.reason)


def active() -> bool:
    """Whether there is a run that still goes on, waits or is paused."""
    run = lab()["run"]
    return run is not None and run["state"] in ACTIVE


def state() -> str:
    """What the run is: "ready" where there is none yet."""
    run = lab()["run"]
    return str(run["state"]) if run else "ready"


def now() -> int:
    """The newest update of the run; 0 where there is none."""
    run = lab()["run"]
    return newest(run["events"]) if run else 0


def total() -> int | None:
    """How many updates the run will have; None before it has started."""
    run = lab()["run"]
    started = of_kind(run["events"], "started") if run else []
    return started[0]["updates"] if started else None


def at(update: int) -> Experiment:
    """The experiment that was, or will be, in force at an update."""
    run = lab()["run"]
    if run is None or update > newest(run["events"]):
        return wanted()
    return in_force(from_plain(run["began"]), run["events"], update)


def to_url() -> None:
    """Keeps the address of the page the address of this experiment."""
    query = to_query(wanted())
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)
