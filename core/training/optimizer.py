"""What changes the weights after each backward pass: the optimiser of an experiment, with its schedule (torch)."""

from typing import Any, cast

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from core.experiment.experiment import Experiment
from core.nn.network import Network

PATIENCE = 5  # evaluations without a better one, after which nt-asgd begins to average


class Optimizer:
    """Takes the steps of one run.

    "nt-asgd" is sgd, and from the first epoch on whose validation loss is above the best of all but the last `PATIENCE` epochs
    before it, the mean of the weights since is what is evaluated (Merity et al. 2017, algorithm 1).
    """

    def __init__(self, network: Network, experiment: Experiment) -> None:
        self.network, self.weights = network, list(network.parameters())
        how: dict[str, Any] = {"lr": experiment.learning_rate, "weight_decay": experiment.weight_decay}
        # fused: one pass over the weights instead of eight; a vocabulary's embedding makes that a fifth of an update.
        adam = experiment.optimiser == "adam"
        self.torch = torch.optim.Adam(self.weights, fused=True, **how) if adam else torch.optim.SGD(self.weights, **how)
        self.mean: AveragedModel | None = None
        self.heard: list[float] = []  # the validation losses of all epochs

    def step(self, experiment: Experiment, epoch: int, steps: int) -> None:
        """Clips the gradients and changes the weights. epoch: from 0; steps: of this window."""
        nn.utils.clip_grad_norm_(self.weights, experiment.clip)
        by_length = steps / experiment.steps if experiment.windows == "varied" else 1
        for group in self.torch.param_groups:
            group["lr"] = rate_at(experiment, epoch) * by_length
        self.torch.step()
        if self.mean:
            self.mean.update_parameters(self.network)

    def evaluated(self, experiment: Experiment, val_loss: float) -> bool:
        """Hears the validation loss at an epoch's end; whether averaging begins there."""
        if experiment.optimiser != "nt-asgd" or self.mean:
            return False
        best = min(self.heard[:-PATIENCE], default=val_loss)
        self.heard.append(val_loss)
        if val_loss > best:
            self.mean = AveragedModel(self.network)
            self.mean.update_parameters(self.network)  # the weights of this moment are the first of the mean
        return self.mean is not None

    @property
    def to_evaluate(self) -> Network:
        """The network whose weights an evaluation takes."""
        if self.mean is None:
            return self.network
        return cast(Network, self.mean.module)

    def state(self) -> dict[str, Any]:
        """All that the next step depends on, beside the weights themselves."""
        return {"torch": self.torch.state_dict(), "heard": self.heard, "mean": self.mean.state_dict() if self.mean else None}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from what `state` gave."""
        self.torch.load_state_dict(state["torch"])
        self.heard = list(state["heard"])
        if state["mean"]:
            self.mean = AveragedModel(self.network)
            self.mean.load_state_dict(state["mean"])


def rate_at(experiment: Experiment, epoch: int) -> float:
    """The learning rate in an epoch (from 0): whole in the first `decay_after`, then divided by `decay` before each."""
    # A negative power: of a large divisor it becomes 0, where a positive one would be no number.
    return float(experiment.learning_rate * experiment.decay ** -max(0, epoch + 1 - experiment.decay_after))
