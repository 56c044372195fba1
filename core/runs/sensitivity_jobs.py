"""The jobs that measure the sensitivity of the predictions to a small change of the input. No torch here."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from core.analysis.sensitivity_request import SensitivityCurve, get_modification_time, make_request
from core.experiment.experiment import Experiment
from core.runs.job_queue import Answer, Jobs


@dataclass(frozen=True)
class SensitivityAnswer(Answer):
    """The answer to a sensitivity measurement.

    curves: those measured so far, by name. update: number of updates after which the weights were written. weights_time: when
    their file was written, in nanoseconds; 0 for an untrained network.
    """

    curves: Mapping[str, SensitivityCurve] = field(default_factory=dict)
    update: int = 0
    weights_time: int = 0


class SensitivityJobs(Jobs[SensitivityAnswer]):
    """The sensitivity measurements of a server. Thread-safe."""

    module = "core.runs.sensitivity_process"
    blank = SensitivityAnswer()

    def submit(self, experiment: Experiment, weights: Path | None = None, owner: str = "") -> None:
        """Measure the experiment, unless that is done or waiting. Raises Invalid if too many jobs are waiting.

        weights: the file of a run; None for the untrained network. A file that has been written again is measured again.
        """
        known = self.get_answer(experiment, weights)
        self.submit_request(make_request(experiment, weights), owner, again=known is not None and is_outdated(known, weights))

    def get_answer(self, experiment: Experiment, weights: Path | None = None) -> SensitivityAnswer | None:
        """Return the measurement of the experiment so far; None if nobody has asked for it."""
        return self.get_request_answer(make_request(experiment, weights))

    def on_event(self, before: SensitivityAnswer, event: dict[str, Any]) -> SensitivityAnswer:
        """Add the curve of the event; the event without a name has only the update and the time of the weights."""
        curves = dict(before.curves)
        if event["name"]:
            curves[event["name"]] = _parse_curve(event)
        return SensitivityAnswer(
            "done" if event["part"] == 1 else "running",
            event["part"],
            curves=curves,
            update=event.get("update", before.update),
            weights_time=event.get("written", before.weights_time),
        )


def is_outdated(answer: SensitivityAnswer, weights: Path | None) -> bool:
    """Return whether the weights have been written again since they were measured."""
    return answer.weights_time != get_modification_time(weights)


def _parse_curve(event: Mapping[str, Any]) -> SensitivityCurve:
    given = ((one.name, event[one.name]) for one in fields(SensitivityCurve))
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given}
    return SensitivityCurve(**values)
