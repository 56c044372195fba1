"""The training loss: the loss of the targets, and the penalties AR, TAR and fraternal dropout (torch)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.nn.cells import State
from core.nn.network import Network
from core.tasks.task import Batch

MaskSet = dict[str, Tensor]


@dataclass(frozen=True)
class ForwardPass:
    """The result of one forward pass.

    h, decoder_input: the top layer before and after the output mask, [T, B, H]. scores: [targets, classes]. loss: the mean over
    the targets, cross-entropy in nats for classes, the squared error for real values. states: after the last step. step_mask:
    the steps that exist, [T, B]; None if all do.
    """

    h: Tensor
    decoder_input: Tensor
    scores: Tensor
    loss: Tensor
    states: list[State]
    step_mask: Tensor | None = None


def forward(network: Network, batch: Batch, states: list[State], masks: MaskSet) -> ForwardPass:
    """Run the network over a window from these states, under masks whose word masks are expanded for the batch."""
    device = network.decoder.device
    x, y, target_mask = (torch.from_numpy(array).to(device) for array in (batch.x, batch.y, batch.target_mask))
    h, states = network(x, states, masks)
    decoder_input = network.decoder_input(h, masks)
    scores = network.decode(decoder_input[target_mask])
    step_mask = torch.from_numpy(batch.step_mask).to(device) if batch.padded else None
    return ForwardPass(h, decoder_input, scores, _mean_loss(scores, y[target_mask]), states, step_mask)


def _mean_loss(scores: Tensor, targets: Tensor) -> Tensor:
    # The mean of no elements is NaN: a window without targets has loss 0 and no gradient.
    reduction = "mean" if len(scores) else "sum"
    if targets.is_floating_point():
        return nn.functional.mse_loss(scores[:, 0], targets.to(scores), reduction=reduction)
    return nn.functional.cross_entropy(scores, targets, reduction=reduction)


def total_loss(passes: list[ForwardPass], losses: dict[str, float], loss: str = "mean") -> Tensor:
    """Return what an update minimises: the mean loss of the passes, and the penalties in `losses` by their weights.

    loss: "mean" over all targets, or "sum" over time and mean over the batch (Zaremba et al. 2014), which is the mean times the
    targets per sample.

    AR: α·mean‖m ⊙ h‖² on the masked h of the last layer, TAR: β·mean‖h_t - h_{t-1}‖² on the unmasked h (Merity, McCann, Socher
    2017; means over all elements as in the authors' code, padded steps left out). Fraternal: κ·mean‖logits₁ - logits₂‖² of
    two passes (Zolna et al. 2017).
    """
    first = passes[0]
    total = torch.stack([each.loss for each in passes]).mean()
    if loss == "sum":
        total = total * (len(first.scores) / first.h.shape[1])
    if "ar" in losses:
        total = total + losses["ar"] * _mean_over_existing(first.decoder_input.square(), first.step_mask)
    if "tar" in losses and len(first.h) > 1:
        # A step that exists follows one that exists.
        pair_mask = first.step_mask if first.step_mask is None else first.step_mask[1:]
        total = total + losses["tar"] * _mean_over_existing((first.h[1:] - first.h[:-1]).square(), pair_mask)
    if "fraternal" in losses and len(first.scores):
        total = total + losses["fraternal"] * (first.scores - passes[1].scores).square().mean()
    return total


def _mean_over_existing(values: Tensor, step_mask: Tensor | None) -> Tensor:
    """Return the mean of values [T, B, H] over the steps that exist; 0 if none does."""
    if step_mask is None:
        return values.mean()
    return values[step_mask].sum() / max(1, int(step_mask.sum()) * values.shape[-1])


def count_passes(losses: dict[str, float]) -> int:
    """Return how many forward passes, each with its own masks, an update makes."""
    return 2 if "fraternal" in losses else 1
