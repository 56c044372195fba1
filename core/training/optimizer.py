"""The optimizer of a run: SGD, Adam or NT-ASGD, with gradient clipping and the learning-rate schedule (torch)."""

from typing import Any, cast

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from core.experiment.experiment import Experiment
from core.nn.network import Network

AVERAGING_PATIENCE = 5  # epochs without improvement after which nt-asgd starts to average


class Optimizer:
    """The optimizer of one run.

    "nt-asgd" is SGD with triggered averaging: once the validation loss of an epoch is above the best of all epochs before the
    last `AVERAGING_PATIENCE`, evaluations use the mean of the weights since then (Merity et al. 2017, algorithm 1).
    """

    def __init__(self, network: Network, experiment: Experiment) -> None:
        self.network, self.weights = network, list(network.parameters())
        options: dict[str, Any] = {"lr": experiment.learning_rate, "weight_decay": experiment.weight_decay}
        # fused: one pass over the weights instead of eight, which with a large embedding saves a fifth of an update.
        adam = experiment.optimiser == "adam"
        self.torch = torch.optim.Adam(self.weights, fused=True, **options) if adam else torch.optim.SGD(self.weights, **options)
        self.mean: AveragedModel | None = None
        self.validation_losses: list[float] = []  # of all epochs

    def step(self, experiment: Experiment, epoch: int, steps: int) -> None:
        """Clip the gradients and update the weights. epoch: from 0. steps: the length T of this window."""
        nn.utils.clip_grad_norm_(self.weights, experiment.clip)
        by_length = steps / experiment.steps if experiment.windows == "varied" else 1
        for group in self.torch.param_groups:
            group["lr"] = learning_rate_at(experiment, epoch) * by_length
        self.torch.step()
        if self.mean:
            self.mean.update_parameters(self.network)

    def note_validation_loss(self, experiment: Experiment, val_loss: float) -> bool:
        """Add the validation loss of an epoch; return whether averaging starts there."""
        if experiment.optimiser != "nt-asgd" or self.mean:
            return False
        best = min(self.validation_losses[:-AVERAGING_PATIENCE], default=val_loss)
        self.validation_losses.append(val_loss)
        if val_loss > best:
            self.mean = AveragedModel(self.network)
            self.mean.update_parameters(self.network)  # the mean starts with the current weights
        return self.mean is not None

    @property
    def evaluation_network(self) -> Network:
        """Return the network to evaluate: the averaged one, once averaging has started."""
        if self.mean is None:
            return self.network
        return cast(Network, self.mean.module)

    def state(self) -> dict[str, Any]:
        """Return the optimizer's state for a checkpoint, without the weights."""
        # The keys are part of the checkpoint's file format.
        mean = self.mean.state_dict() if self.mean else None
        return {"torch": self.torch.state_dict(), "heard": self.validation_losses, "mean": mean}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what `state` returned."""
        self.torch.load_state_dict(state["torch"])
        self.validation_losses = list(state["heard"])
        if state["mean"]:
            self.mean = AveragedModel(self.network)
            self.mean.load_state_dict(state["mean"])


def learning_rate_at(experiment: Experiment, epoch: int) -> float:
    """Return the learning rate of an epoch (from 0): undivided for `decay_after` epochs, then divided by `decay` each epoch."""
    # With a negative exponent a huge divisor underflows to 0; dividing by a positive power would overflow.
    return float(experiment.learning_rate * experiment.decay ** -max(0, epoch + 1 - experiment.decay_after))
