"""The numbers of a case: random ones coming in and going back, the masks as they are drawn, the weights of torch's module."""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.benchmark.case import Case
from core.experiment.batches import draw_update_masks
from core.nn.cells import CELLS, LayerMasks, State
from core.nn.engines import Weights
from core.nn.network import layer_masks, to_torch


@dataclass(frozen=True)
class Arrays:
    """x and what comes back from above [T, B, H], the first states, weights and masks of every layer."""

    x: Tensor
    back: Tensor
    states: list[State]
    weights: list[Weights]
    masks: list[LayerMasks]


def arrays(case: Case, module: torch.nn.RNNBase) -> Arrays:
    """The case's arrays on its device, with the module's own weights; its first bias is held at zero."""
    e, device, carries = case.experiment(), torch.device(case.device), len(CELLS[case.cell].carries)
    size = (case.steps, case.batch, case.hidden)
    masks = to_torch(draw_update_masks(e, 1, 0), device)
    names = ("weight_ih", "weight_hh", "bias_hh")
    weights = [Weights(*(getattr(module, f"{name}_l{layer}") for name in names)) for layer in range(case.layers)]
    zero: State = (torch.zeros(case.batch, case.hidden, device=device),) * carries
    return Arrays(
        torch.randn(size, device=device, requires_grad=True),
        torch.randn(size, device=device),
        [zero] * case.layers,
        weights,
        layer_masks(masks, case.layers, case.cell),
    )
