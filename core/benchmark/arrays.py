"""The arrays of a benchmark case: random inputs and gradients, masks as in training, the weights of torch's module."""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.benchmark.case import Case
from core.experiment.batches import draw_update_masks
from core.nn.cells import CELLS, LayerMasks, State, group_masks_by_layer
from core.nn.engines import LayerWeights
from core.nn.network import to_torch


@dataclass(frozen=True)
class CaseArrays:
    """The arrays of a case.

    x and the gradient of the output, [T, B, H], and the initial states, weights and masks of every layer.
    """

    x: Tensor
    output_gradient: Tensor
    initial_states: list[State]
    weights: list[LayerWeights]
    masks: list[LayerMasks]


def make_arrays(case: Case, module: torch.nn.RNNBase) -> CaseArrays:
    """Return the case's arrays on its device, with the weights of the module, whose input bias is left out."""
    e, device, carries = case.experiment(), torch.device(case.device), len(CELLS[case.cell].carries)
    size = (case.steps, case.batch, case.hidden)
    masks = to_torch(draw_update_masks(e, 1, 0), device)
    names = ("weight_ih", "weight_hh", "bias_hh")
    weights = [LayerWeights(*(getattr(module, f"{name}_l{layer}") for name in names)) for layer in range(case.layers)]
    zero: State = (torch.zeros(case.batch, case.hidden, device=device),) * carries
    return CaseArrays(
        torch.randn(size, device=device, requires_grad=True),
        torch.randn(size, device=device),
        [zero] * case.layers,
        weights,
        group_masks_by_layer(masks, case.layers, case.cell),
    )
