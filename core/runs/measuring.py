"""Measurements of what arrives of a small change, asked for by the pages and made in processes of their own. No torch here.

One process at a time (`python -m core.measure`), one JSON object a line; what was measured is kept for whoever asks next.
"""

import json
import os
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from core.codec import from_plain, to_plain
from core.dropout.methods import METHODS
from core.dropout.placement import Placement, from_data, to_data
from core.errors import Invalid
from core.experiment import Experiment
from core.language import _
from core.reach import full

ROOT = Path(__file__).parents[2]
DRAWS = 200  # of all masks, for each placement
WIDEST = 128  # units of a layer, at most
FARTHEST = 40  # steps, at most
LONGEST = 120.0  # seconds until a measurement counts as broken
KEPT = 50  # measurements
MOST_WAITING = 30
# What is measured beside the method that is chosen; Moon's with the scale that it must not have.
BESIDE = ("zaremba2014", "naive-state", "naive-cell", "moon2015", "gal2016")
INVERTED = "moon2015"


@dataclass(frozen=True)
class Curve:
    """Of one placement, for every distance from 0 on: None where it is not finite.

    correlation: with the response of the same model without masks, -1 to 1, mean over the draws. signal_to_noise: the power of
    the part along that response over the power of the rest. gradient: the root mean square norm of ∂y_t/∂x_s over that norm
    without masks.
    """

    correlation: tuple[float | None, ...]
    signal_to_noise: tuple[float | None, ...]
    gradient: tuple[float | None, ...]


CURVES = tuple(one.name for one in fields(Curve))


@dataclass(frozen=True)
class Measurement:
    """state: "waiting", "running", "done" or "failed" (reason says why). part: how much is done, 0 to 1. curves: those that
    are known so far, by the names that were asked for."""

    state: str = "waiting"
    part: float = 0.0
    curves: Mapping[str, Curve] = field(default_factory=dict)
    reason: str = ""


def measurable(experiment: Experiment) -> Experiment:
    """The experiment's model, small enough to be measured in seconds: at most `WIDEST` units."""
    hidden = tuple(min(width, WIDEST) for width in experiment.widths)
    return replace(experiment, hidden=hidden, embedding=min(experiment.shape.embedding, WIDEST), placement=Placement(),
                   epochs=1, updates=None, learning_rate=Experiment.learning_rate, clip=Experiment.clip, monte_carlo=0,
                   engine="reference", device="cpu")  # fmt: skip


def candidates(experiment: Experiment) -> dict[str, Placement]:
    """What is measured, by name: "own" is the experiment's placement, the others are methods of its cell at usual rates.

    A placement with masks on weights is left out: it would need weights of its own for every draw.
    """
    every = {"own": full(experiment.placement)}
    for name in BESIDE:
        if experiment.cell in METHODS[name].cells:
            every[name] = METHODS[name].placement(cell=experiment.cell)
    if INVERTED in every:
        sites = {site: replace(dropout, scaling="inverted") for site, dropout in every[INVERTED].sites}
        every[INVERTED] = Placement.of(sites)
    # A chosen method that is measured anyway, or has no mask, has no curve of its own.
    if any(every["own"] == one for name, one in every.items() if name != "own") or not every["own"].sites:
        del every["own"]
    return {name: one for name, one in every.items() if not any(site.kind == "weights" for site, _dropout in one)}


class Measurements:
    """The measurements of a server. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Measurement] = OrderedDict()
        self._asked: SimpleQueue[str | None] = SimpleQueue()
        self._process: subprocess.Popen[str] | None = None
        self._closed = False
        threading.Thread(target=self._serve, name="measurements", daemon=True).start()

    def ask(self, experiment: Experiment) -> None:
        """Has the experiment measured, unless it is or is being. Raises Invalid where too many are waiting."""
        key = request(experiment)
        with self._lock:
            if key in self._known and self._known[key].state != "failed":
                return
            if sum(one.state == "waiting" for one in self._known.values()) >= MOST_WAITING:
                raise Invalid(_("{most} measurements are waiting already; try again in a minute.").format(most=MOST_WAITING))
            self._known[key] = Measurement()
            self._forget()
        self._asked.put(key)

    def look(self, experiment: Experiment) -> Measurement | None:
        """How far the measurement of the experiment is; None where nobody has asked for it."""
        with self._lock:
            return self._known.get(request(experiment))

    def close(self) -> None:
        """Ends the process, if there is one, and takes no more."""
        with self._lock:
            self._closed = True
            if self._process:
                self._process.kill()
        self._asked.put(None)

    def _forget(self) -> None:
        over = len(self._known) - KEPT
        ended = [key for key, one in self._known.items() if one.state in ("done", "failed")]
        for key in ended[: max(0, over)]:
            del self._known[key]

    def _serve(self) -> None:
        while (key := self._asked.get()) is not None:
            with suppress(OSError):  # no process could be started: that is said, and the next one may be
                self._measure(key)
            self._ended(key)

    def _measure(self, key: str) -> None:
        with self._lock:
            if self._closed:
                return
            process = self._process = _start()
        timer = threading.Timer(LONGEST, process.kill)
        timer.start()
        assert process.stdin
        assert process.stdout
        with process, suppress(OSError, ValueError):  # one that is killed leaves half a line, or hears nothing
            process.stdin.write(key + "\n")
            process.stdin.close()
            for line in process.stdout:
                self._heard(key, json.loads(line))
        timer.cancel()

    def _heard(self, key: str, event: dict[str, Any]) -> None:
        with self._lock:
            before = self._known[key]
            if event["event"] == "failed":
                self._known[key] = replace(before, state="failed", reason=event["reason"])
                return
            curves = dict(before.curves)
            if event["name"]:
                curves[event["name"]] = Curve(*(tuple(event[name]) for name in CURVES))
            self._known[key] = Measurement("done" if event["part"] == 1 else "running", event["part"], curves)

    def _ended(self, key: str) -> None:
        with self._lock:
            self._process = None
            if self._known[key].state not in ("done", "failed"):
                reason = _("The measurement broke off; the server's log has the details. Smaller sizes may work.")
                self._known[key] = replace(self._known[key], state="failed", reason=reason)


def request(experiment: Experiment) -> str:
    """What a process is asked for, as one line of JSON: equal for equal measurements."""
    placements = {name: to_data(one) for name, one in candidates(experiment).items()}
    return json.dumps({"experiment": to_plain(measurable(experiment)), "placements": placements}, sort_keys=True)


def asked(line: str) -> tuple[Experiment, dict[str, Placement]]:
    """The experiment and the placements of a request."""
    data = json.loads(line)
    return from_plain(data["experiment"]), {name: from_data(one) for name, one in data["placements"].items()}


def _start() -> "subprocess.Popen[str]":
    # Threads that wait shall sleep; standard error is ours, so that no pipe can fill up.
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {"OMP_WAIT_POLICY": "passive", **os.environ, "PYTHONPATH": path}
    return subprocess.Popen([sys.executable, "-m", "core.measure"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
                            env=environment, text=True, encoding="utf-8")  # fmt: skip
