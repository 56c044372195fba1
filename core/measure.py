"""The process that measures how much of a small change of x_s arrives at y_t: python -m core.measure (torch).

In: one line, a request of core/runs/measuring.py. Out: one JSON object a line, {"event": "measured", "part", "name" and the
curves}, or {"event": "failed", "reason"}. The first has no name: the model without masks is what all are compared with.

The model is untrained. It reads one sequence from the state zero; y_t is what its decoder is told there. Every draw of
the masks is a sample of its own, and so is the direction in which x_s changes: signs, so that the mean square over the
draws is that of the whole ∂y_t/∂x_s. The derivative is exact (forward mode), by the reference step, in float64: one pass
gives all distances.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn.functional import cosine_similarity

from core.dropout.draw import draw, spelled, uniforms
from core.dropout.placement import Placement
from core.errors import Invalid
from core.experiment import Experiment
from core.language import _
from core.model import Network, layer_masks, to_torch
from core.recurrence.cells import ONE, LayerMasks, State, stack
from core.recurrence.engine import Weights, run_layer
from core.runs import capacity
from core.runs.errands import say
from core.runs.measuring import DRAWS, FARTHEST, Curve, asked
from core.tasks.windows import data_of, window

NICE = 5  # the pages go first where cores are short
DOUBLE = torch.float64


class Changed:
    """An untrained network that reads one sequence, and what a small change of its first input does to what it tells."""

    def __init__(self, experiment: Experiment, draws: int = DRAWS) -> None:
        data = data_of(experiment)
        sequence = window(experiment, 1).x[:FARTHEST, :1]
        self.x = np.repeat(sequence, draws, axis=1)
        self.experiment = replace(experiment, steps=len(sequence))
        self.shape = replace(self.experiment.shape, batch=draws, tokens=data.tokens)
        self.network = Network(data.tokens, data.classes, experiment).to(DOUBLE)
        signs = uniforms(experiment.mask_seed, 0, 0, "change", 0, "", (draws, self.shape.embedding)) < 0.5
        self.direction = 2 * torch.from_numpy(signs).to(DOUBLE) - 1

    def response(self, placement: Placement) -> Tensor:
        """The change of what the decoder is told, per step, draw and unit, [T, B, H]. Raises Invalid for too large masks."""
        masks = draw(each_for_itself(placement), self.shape, self.experiment.mask_seed, 1)
        given = to_torch(spelled(masks, self.x), torch.device("cpu"), DOUBLE)
        read = self.network.embedding[torch.from_numpy(self.x)]
        change = torch.zeros_like(read)
        change[0] = self.direction
        with torch.no_grad(), forward_ad.dual_level():
            told = self._told(forward_ad.make_dual(read, change), given)  # type: ignore[no-untyped-call]
            found: Tensor = forward_ad.unpack_dual(told).tangent  # type: ignore[no-untyped-call]
            return found

    def _told(self, read: Tensor, masks: dict[str, Tensor]) -> Tensor:
        network, cell = self.network, self.shape.cell

        def run(x: Tensor, state: State, weights: Weights, m: LayerMasks) -> tuple[Tensor, State]:
            return run_layer(x, state, weights, m, cell, "reference")

        layers = [Weights(*parts) for parts in zip(network.W, network.U, network.b, strict=True)]
        states = network.start(self.x.shape[1])
        h, _states = stack(masks.get("words.1", ONE) * read, states, layers, layer_masks(masks, len(layers), cell), run)
        return network.told(h, masks)


def each_for_itself(placement: Placement) -> Placement:
    """The placement for one sequence alone: every sample is a draw, so none is shared by the batch."""
    return Placement.of({name: replace(dropout, batch="sample") for name, dropout in placement.sites})


def curve(masked: Tensor, clean: Tensor) -> Curve:
    """How a response [T, B, H] with masks compares with that without."""
    alike = cosine_similarity(masked, clean, dim=-1, eps=1e-300).mean(1)
    power = (clean**2).sum((1, 2))
    along = (masked * clean).sum((1, 2)) / power
    noise = ((masked - along[:, None, None] * clean) ** 2).sum((1, 2))
    gradient = ((masked**2).sum((1, 2)) / power).sqrt()
    return Curve(_finite(alike), _finite(along**2 * power / noise), _finite(gradient))


def measured(experiment: Experiment, placements: Mapping[str, Placement]) -> Iterator[dict[str, Any]]:
    """The events of a measurement."""
    changed = Changed(experiment)
    clean, parts = changed.response(Placement()), len(placements) + 1
    yield {"event": "measured", "part": 1 / parts, "name": ""}
    for done, (name, placement) in enumerate(placements.items(), start=2):
        found = curve(changed.response(placement), clean)
        yield {"event": "measured", "part": done / parts, "name": name, **vars(found)}


def main() -> None:
    """Answers one request."""
    with suppress(AttributeError, OSError):
        os.nice(NICE)
    torch.set_num_threads(capacity.cores())
    try:
        for event in measured(*asked(sys.stdin.readline())):
            say(event)
    except Invalid as invalid:
        say({"event": "failed", "reason": str(invalid)})
    except MemoryError:
        say({"event": "failed", "reason": _("The memory of this machine does not suffice for this measurement.")})


def _finite(values: Tensor) -> tuple[float | None, ...]:
    return tuple(float(f"{v:.6g}") if np.isfinite(v) else None for v in values.tolist())


if __name__ == "__main__":
    main()
