"""Measure how much of a small change of x_s arrives at y_t (torch).

In: one line, a request of core/runs/sensitivity_jobs.py. Out: one JSON object a line, {"event": "measured", "part", "name" and
the
curves}, or {"event": "failed", "reason"}. The first has no name: the model without masks is what all are compared with.

The model is untrained, or has the weights of a run. It reads one sequence from the state zero; y_t is what its decoder is
told there. Every draw of the masks is a sample of its own, and so is the direction in which x_s changes: signs, so that the
mean square over the draws is that of the whole ∂y_t/∂x_s. The derivative is exact, by the step of the cell on numbers that
carry their change (core/nn/forward_mode.py), in float64: one pass gives all distances.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.analysis.sensitivity_request import DRAWS, FARTHEST, Curve, written
from core.dropout.masks import LARGEST, count_elements, draw_masks, expand_word_masks, uniforms
from core.dropout.placement import Placement
from core.experiment.batches import batch_at, load_data
from core.experiment.experiment import Experiment
from core.nn.cells import ONE, LayerMasks, stack
from core.nn.engines import Weights
from core.nn.forward_mode import Dual, run_layer
from core.nn.network import Network, layer_masks, to_torch
from core.training.weight_file import load_weights

DOUBLE = torch.float64
# Numbers that are drawn for one placement at most, but for so few draws: a mask on weights at every step has ten million.
MOST_DRAWN, FEWEST = 60_000_000, 10
TINY = 1e-300
QUANTITIES = ("correlation", "signal_to_noise", "gradient")
ROUNDING = 1e-13  # of a response: less than this is no noise


class Changed:
    """A network that reads one sequence, and what a small change of its first input does to what it tells.

    direction: of the change, for each of the draws, [draws, E]. update: after which the weights of the file `weights` were
    written; 0 without one: the network is untrained. Raises Invalid for weights that are gone, or those of another network.
    """

    def __init__(self, experiment: Experiment, draws: int = DRAWS, weights: Path | None = None) -> None:
        data = load_data(experiment)
        self.x = batch_at(experiment, 1).x[:FARTHEST, :1]
        self.experiment = replace(experiment, steps=len(self.x))
        self.shape = replace(self.experiment.shape, batch=1, tokens=data.tokens)
        self.network = Network(data.tokens, data.classes, experiment)
        self.update = load_weights(self.network, weights) if weights else 0
        self.network.to(DOUBLE)
        signs = uniforms(experiment.mask_seed, 0, 0, "change", 0, "", (draws, self.shape.embedding)) < 0.5
        self.direction = 2 * torch.from_numpy(signs).to(DOUBLE) - 1

    def response(self, placement: Placement) -> Tensor:
        """The change of what the decoder is told, per step, draw and unit, [T, draws, H]; fewer draws where one of them has
        very many masks."""
        alone = each_for_itself(placement)
        size = max(1, count_elements(alone, self.shape))
        parts = torch.split(self.direction[: max(FEWEST, MOST_DRAWN // size)], max(1, LARGEST // size))
        return torch.cat([self._part(alone, part, n) for n, part in enumerate(parts)], dim=1)

    @torch.no_grad()
    def _part(self, placement: Placement, direction: Tensor, pass_index: int) -> Tensor:
        drawn = draw_masks(placement, replace(self.shape, batch=len(direction)), self.experiment.mask_seed, 1, pass_index)
        masks = to_torch(expand_word_masks(drawn, np.repeat(self.x, len(direction), axis=1)), torch.device("cpu"), DOUBLE)
        read = self.network.read(torch.from_numpy(self.x))
        change = read.new_zeros(len(read), *direction.shape)
        change[0] = direction
        return self._told(Dual(read, change), masks).dv

    def _told(self, read: Dual, masks: dict[str, Tensor]) -> Dual:
        network, cell = self.network, self.shape.cell
        layers = [Weights(*parts) for parts in zip(network.W, network.U, network.b, strict=True)]

        def run(x: Dual, _state: None, weights: Weights, m: LayerMasks) -> tuple[Dual, None]:
            return run_layer(x, weights, m, cell), None

        within, nothing = layer_masks(masks, len(layers), cell), [None] * len(layers)
        h, _states = stack(masks.get("words.1", ONE) * read, nothing, layers, within, run)
        told: Dual = masks.get(f"output.{len(layers)}", ONE) * h
        return told


def each_for_itself(placement: Placement) -> Placement:
    """The placement for one sequence alone: every sample is a draw, so none is shared by the batch."""
    return Placement.of({name: replace(dropout, batch="sample") for name, dropout in placement.sites})


def curve(masked: Tensor, clean: Tensor) -> Curve:
    """How a response [T, draws, H] with masks compares with that without. Standard errors by leaving out one draw at a time."""
    clean = clean[:, : masked.shape[1]]
    power, along, total = (clean**2).sum(-1), (masked * clean).sum(-1), (masked**2).sum(-1)
    alike = along / (power.sqrt() * total.sqrt()).clamp_min(TINY)
    sums, draws = torch.stack([alike, power, along, total]), masked.shape[1]
    found = _quantities(sums.sum(-1), draws)
    without = _quantities(sums.sum(-1, keepdim=True) - sums, draws - 1)
    errors = (without.var(-1, unbiased=False) * (draws - 1)).sqrt()
    values = {name: _finite(one) for name, one in zip(QUANTITIES, found, strict=True)}
    spread = {f"{name}_error": _finite(one) for name, one in zip(QUANTITIES, errors, strict=True)}
    return Curve(**values, **spread, draws=draws)


def _quantities(sums: Tensor, draws: int) -> Tensor:
    """Of `QUANTITIES` each, out of sums over the draws."""
    alike, power, along, total = sums
    signal = along**2 / power
    noise = total - signal
    noise = noise * (noise > ROUNDING * total)
    return torch.stack([alike / draws, signal / noise, (total / power).sqrt()])


def measured(
    experiment: Experiment, placements: Mapping[str, Placement], weights: Path | None = None
) -> Iterator[dict[str, Any]]:
    """The events of a measurement."""
    when = written(weights)
    changed = Changed(experiment, weights=weights)
    clean, parts = changed.response(Placement()), len(placements) + 1
    yield {"event": "measured", "part": 1 / parts, "name": "", "update": changed.update, "written": when}
    for done, (name, placement) in enumerate(placements.items(), start=2):
        found = curve(changed.response(placement), clean)
        yield {"event": "measured", "part": done / parts, "name": name, **vars(found)}


def _finite(values: Tensor) -> tuple[float | None, ...]:
    return tuple(float(f"{v:.6g}") if np.isfinite(v) else None for v in values.tolist())
