"""Measure the sensitivity of the output at y_t to a small change of x_s, with masks and without (torch).

The measured quantity is the derivative of the decoder's input at each y_t along a random direction of x_s, for one sequence
read from zero states, by an untrained network or with the weights of a run. Every draw of the masks is a sample of the batch
and has its own direction: random signs, so that the mean square over the draws is that of the whole ∂y_t/∂x_s. The derivative
is exact (core/nn/forward_mode.py, float64), and one pass gives all distances.

`measure_sensitivity` yields {"event": "measured", "part", "name" and the curves}. The first event has an empty name: it is the
network without masks, the baseline of all comparisons.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.analysis.sensitivity_request import DRAWS, MAX_STEPS, SensitivityCurve, get_modification_time
from core.dropout.masks import MAX_MASK_ELEMENTS, count_mask_elements, draw_masks, draw_uniforms, expand_word_masks
from core.dropout.placement import Placement
from core.experiment.batches import batch_at, load_data
from core.experiment.experiment import Experiment
from core.nn.cells import ONE, LayerMasks, group_masks_by_layer, run_layers
from core.nn.engines import LayerWeights
from core.nn.forward_mode import Dual, run_dual_layer
from core.nn.network import Network, to_torch
from core.training.weight_file import load_weights

DOUBLE = torch.float64
# The most numbers that are drawn for one placement, as long as there are MIN_DRAWS: a mask on weights at every step alone has
# ten million.
MAX_DRAWN_NUMBERS, MIN_DRAWS = 60_000_000, 10
TINY = 1e-300
QUANTITIES = ("correlation", "signal_to_noise", "gradient")
ROUNDING = 1e-13  # relative to the response: less noise than this is rounding


class PerturbedNetwork:
    """A network that reads one sequence, and the change of its decoder's input when the first x changes.

    direction: of the change, for each draw, [draws, E]. update: the update after which the weights in the file `weights` were
    written; 0 without a file, for the untrained network. Raises Invalid if the file is gone or of another network.
    """

    def __init__(self, experiment: Experiment, draws: int = DRAWS, weights: Path | None = None) -> None:
        data = load_data(experiment)
        self.x = batch_at(experiment, 1).x[:MAX_STEPS, :1]
        self.experiment = replace(experiment, steps=len(self.x))
        self.shape = replace(self.experiment.shape, batch=1, tokens=data.tokens)
        self.network = Network(data.tokens, data.classes, experiment)
        self.update = load_weights(self.network, weights) if weights else 0
        self.network.to(DOUBLE)
        signs = draw_uniforms(experiment.mask_seed, 0, 0, "change", 0, "", (draws, self.shape.embedding)) < 0.5
        self.direction = 2 * torch.from_numpy(signs).to(DOUBLE) - 1

    def response(self, placement: Placement) -> Tensor:
        """Return the derivative of the decoder's input along `direction`, [T, draws, H].

        Where the masks have very many elements there are fewer draws than directions.
        """
        independent = make_masks_independent(placement)
        size = max(1, count_mask_elements(independent, self.shape))
        chunks = torch.split(self.direction[: max(MIN_DRAWS, MAX_DRAWN_NUMBERS // size)], max(1, MAX_MASK_ELEMENTS // size))
        return torch.cat([self._respond(independent, chunk, n) for n, chunk in enumerate(chunks)], dim=1)

    @torch.no_grad()
    def _respond(self, placement: Placement, direction: Tensor, pass_index: int) -> Tensor:
        drawn = draw_masks(placement, replace(self.shape, batch=len(direction)), self.experiment.mask_seed, 1, pass_index)
        masks = to_torch(expand_word_masks(drawn, np.repeat(self.x, len(direction), axis=1)), torch.device("cpu"), DOUBLE)
        embedded = self.network.embed(torch.from_numpy(self.x))
        change = embedded.new_zeros(len(embedded), *direction.shape)
        change[0] = direction
        return self._decoder_input(Dual(embedded, change), masks).dv

    def _decoder_input(self, x: Dual, masks: dict[str, Tensor]) -> Dual:
        network, cell = self.network, self.shape.cell
        layers = [LayerWeights(*parts) for parts in zip(network.W, network.U, network.b, strict=True)]

        def run(x: Dual, _state: None, weights: LayerWeights, m: LayerMasks) -> tuple[Dual, None]:
            return run_dual_layer(x, weights, m, cell), None

        by_layer, no_states = group_masks_by_layer(masks, len(layers), cell), [None] * len(layers)
        h, _states = run_layers(masks.get("words.1", ONE) * x, no_states, layers, by_layer, run)
        decoder_input: Dual = masks.get(f"output.{len(layers)}", ONE) * h
        return decoder_input


def make_masks_independent(placement: Placement) -> Placement:
    """Return the placement with a mask per sample at every site, so that each sample of the batch is one draw."""
    return Placement.from_sites({name: replace(dropout, batch="sample") for name, dropout in placement.sites})


def compare_responses(masked: Tensor, clean: Tensor) -> SensitivityCurve:
    """Compare a response [T, draws, H] under masks with the response without masks.

    Standard errors by the jackknife: the quantities are computed again without each of the draws.
    """
    clean = clean[:, : masked.shape[1]]
    power, along, total = (clean**2).sum(-1), (masked * clean).sum(-1), (masked**2).sum(-1)
    correlation = along / (power.sqrt() * total.sqrt()).clamp_min(TINY)
    sums, draws = torch.stack([correlation, power, along, total]), masked.shape[1]
    quantities = _compute_quantities(sums.sum(-1), draws)
    without_one = _compute_quantities(sums.sum(-1, keepdim=True) - sums, draws - 1)
    errors = (without_one.var(-1, unbiased=False) * (draws - 1)).sqrt()
    values = {name: _round_finite(curve) for name, curve in zip(QUANTITIES, quantities, strict=True)}
    error_values = {f"{name}_error": _round_finite(curve) for name, curve in zip(QUANTITIES, errors, strict=True)}
    return SensitivityCurve(**values, **error_values, draws=draws)


def _compute_quantities(sums: Tensor, draws: int) -> Tensor:
    """Return `QUANTITIES`, stacked, from the sums over the draws of correlation, power, along and total."""
    correlation, power, along, total = sums
    signal = along**2 / power
    noise = total - signal
    noise = noise * (noise > ROUNDING * total)
    return torch.stack([correlation / draws, signal / noise, (total / power).sqrt()])


def measure_sensitivity(
    experiment: Experiment, placements: Mapping[str, Placement], weights: Path | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the events of a measurement: one without masks, then one for each placement."""
    modified = get_modification_time(weights)
    network = PerturbedNetwork(experiment, weights=weights)
    clean, total = network.response(Placement()), len(placements) + 1
    yield {"event": "measured", "part": 1 / total, "name": "", "update": network.update, "written": modified}
    for done, (name, placement) in enumerate(placements.items(), start=2):
        curve = compare_responses(network.response(placement), clean)
        yield {"event": "measured", "part": done / total, "name": name, **vars(curve)}


def _round_finite(values: Tensor) -> tuple[float | None, ...]:
    return tuple(float(f"{v:.6g}") if np.isfinite(v) else None for v in values.tolist())
