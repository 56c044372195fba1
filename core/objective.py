"""What an update makes small: the loss of what is asked, and the terms that a method adds to it (torch)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.model import Network
from core.recurrence.cells import State
from core.tasks.task import Batch

MaskSet = dict[str, Tensor]


@dataclass(frozen=True)
class Pass:
    """One forward pass: h and told [T, B, H], the top layer before and after the output's mask; scores [asked, classes];
    loss, the mean cross-entropy over what is asked; the states after."""

    h: Tensor
    told: Tensor
    scores: Tensor
    loss: Tensor
    states: list[State]


def forward(network: Network, batch: Batch, states: list[State], masks: MaskSet) -> Pass:
    """Forward through time, under these masks (those of words spelled out for the batch)."""
    device = network.decoder.device
    x, y = (torch.from_numpy(a).to(device) for a in (batch.x, batch.y))
    h, states = network(x, states, masks)
    told, asked = network.told(h, masks), y >= 0
    scores = network.decode(told[asked])
    # The mean of nothing is not a number: a window in which nothing is asked counts as 0 and teaches nothing.
    loss = nn.functional.cross_entropy(scores, y[asked], reduction="mean" if len(scores) else "sum")
    return Pass(h, told, scores, loss, states)


def objective(passes: list[Pass], losses: dict[str, float]) -> Tensor:
    """What is optimised: the mean loss of the passes (one, or two for "fraternal"), and the terms by their weights.

    AR α·mean‖m ⊙ h‖² on the dropped h and TAR β·mean‖h_t - h_{t-1}‖² on the undropped, of the last layer (Merity,
    McCann, Socher 2017, means over all elements as in the authors' code); fraternal κ·mean‖logits₁ - logits₂‖² (Zolna
    et al. 2017).
    """
    first = passes[0]
    total = torch.stack([one.loss for one in passes]).mean()
    if "ar" in losses:
        total = total + losses["ar"] * first.told.square().mean()
    if "tar" in losses and len(first.h) > 1:
        total = total + losses["tar"] * (first.h[1:] - first.h[:-1]).square().mean()
    if "fraternal" in losses and len(first.scores):
        total = total + losses["fraternal"] * (first.scores - passes[1].scores).square().mean()
    return total


def passes_of(losses: dict[str, float]) -> int:
    """How many forward passes, each with masks of its own, an update makes."""
    return 2 if "fraternal" in losses else 1
