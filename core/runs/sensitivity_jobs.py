"""Measurements of what arrives of a small change, asked for by the pages and made by jobs. No torch here."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from core.analysis.sensitivity_request import SensitivityCurve, get_modification_time, make_request
from core.experiment.experiment import Experiment
from core.runs.job_queue import Answer, Jobs


@dataclass(frozen=True)
class Measurement(Answer):
    """curves: those that are known so far, by the names that were asked for. update: how many updates the weights have seen
    that are measured. written: when their file was written, in nanoseconds; 0 for an untrained network."""

    curves: Mapping[str, SensitivityCurve] = field(default_factory=dict)
    update: int = 0
    written: int = 0


class Measurements(Jobs[Measurement]):
    """The measurements of a server. Thread-safe."""

    module = "core.runs.sensitivity_process"
    blank = Measurement()

    def ask(self, experiment: Experiment, weights: Path | None = None, owner: str = "") -> None:
        """Have the experiment measured, unless it is or is being. weights: of a run, where it is not to be the untrained
        network; they are measured again when they have been written again. Raises Invalid where too many are waiting."""
        known = self.look(experiment, weights)
        self.submit(make_request(experiment, weights), owner, again=known is not None and outdated(known, weights))

    def look(self, experiment: Experiment, weights: Path | None = None) -> Measurement | None:
        """Return how far the measurement of the experiment is; None where nobody has asked for it."""
        return self.get_answer(make_request(experiment, weights))

    def on_event(self, before: Measurement, event: dict[str, Any]) -> Measurement:
        """One more curve; the event without a name is what all are compared with."""
        curves = dict(before.curves)
        if event["name"]:
            curves[event["name"]] = _curve(event)
        known = {name: event.get(name, getattr(before, name)) for name in ("update", "written")}
        return Measurement("done" if event["part"] == 1 else "running", event["part"], curves=curves, **known)


def outdated(found: Measurement, weights: Path | None) -> bool:
    """Whether the weights have been written again since they were measured."""
    return found.written != get_modification_time(weights)


def _curve(event: Mapping[str, Any]) -> SensitivityCurve:
    given = ((one.name, event[one.name]) for one in fields(SensitivityCurve))
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given}
    return SensitivityCurve(**values)
