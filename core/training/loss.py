"""What an update makes small: the loss of what is asked, and the terms that a method adds to it (torch)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.nn.cells import State
from core.nn.network import Network
from core.tasks.task import Batch

MaskSet = dict[str, Tensor]


@dataclass(frozen=True)
class Pass:
    """One forward pass: h and decoder_input [T, B, H], the top layer before and after the output's mask; scores [asked,
    classes];
    loss, the mean over what is asked: cross-entropy for classes, the squared error for real values; exists [T, B], where not
    all steps do; the states after."""

    h: Tensor
    decoder_input: Tensor
    scores: Tensor
    loss: Tensor
    states: list[State]
    exists: Tensor | None = None


def forward(network: Network, batch: Batch, states: list[State], masks: MaskSet) -> Pass:
    """Forward through time, under these masks (those of words spelled out for the batch)."""
    device = network.decoder.device
    x, y = (torch.from_numpy(a).to(device) for a in (batch.x, batch.y))
    h, states = network(x, states, masks)
    decoder_input, asked = network.decoder_input(h, masks), torch.from_numpy(batch.target_mask).to(device)
    scores = network.decode(decoder_input[asked])
    exists = torch.from_numpy(batch.exists).to(device) if batch.padded else None
    return Pass(h, decoder_input, scores, _loss(scores, y[asked]), states, exists)


def _loss(scores: Tensor, right: Tensor) -> Tensor:
    # The mean of nothing is not a number: a window in which nothing is asked counts as 0 and teaches nothing.
    how = "mean" if len(scores) else "sum"
    if right.is_floating_point():
        return nn.functional.mse_loss(scores[:, 0], right.to(scores), reduction=how)
    return nn.functional.cross_entropy(scores, right, reduction=how)


def total_loss(passes: list[Pass], losses: dict[str, float], loss: str = "mean") -> Tensor:
    """What is optimised: the mean loss of the passes (one, or two for "fraternal"), and the terms by their weights.

    loss: "mean" over all that is asked, or "sum" over time and mean over the batch (Zaremba et al. 2014), so many times as
    large as a sample has answers.

    AR α·mean‖m ⊙ h‖² on the dropped h and TAR β·mean‖h_t - h_{t-1}‖² on the undropped, of the last layer (Merity,
    McCann, Socher 2017, means over all elements as in the authors' code, steps that do not exist left out); fraternal
    κ·mean‖logits₁ - logits₂‖² (Zolna et al. 2017).
    """
    first = passes[0]
    total = torch.stack([one.loss for one in passes]).mean()
    if loss == "sum":
        total = total * (len(first.scores) / first.h.shape[1])
    if "ar" in losses:
        total = total + losses["ar"] * _mean(first.decoder_input.square(), first.exists)
    if "tar" in losses and len(first.h) > 1:
        both = first.exists if first.exists is None else first.exists[1:]  # what exists has existed the step before
        total = total + losses["tar"] * _mean((first.h[1:] - first.h[:-1]).square(), both)
    if "fraternal" in losses and len(first.scores):
        total = total + losses["fraternal"] * (first.scores - passes[1].scores).square().mean()
    return total


def _mean(values: Tensor, exists: Tensor | None) -> Tensor:
    """The mean over the steps [T, B] that exist, of all units; 0 where none does."""
    if exists is None:
        return values.mean()
    return values[exists].sum() / max(1, int(exists.sum()) * values.shape[-1])


def passes_of(losses: dict[str, float]) -> int:
    """How many forward passes, each with masks of its own, an update makes."""
    return 2 if "fraternal" in losses else 1
