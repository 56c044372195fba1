"""Record one update of a run: states, gates, gradients and weight changes (torch).

The run is trained by `core.training.trainer` from its first update on. The fused kernels do not return h, c and gates of every
step, nor the gradients there; so the forward pass of the recorded update is repeated by the reference step.

`run_recording` yields {"event": "reached", "part"} while it trains, then {"event": "snapshot", "snapshot"}.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from math import hypot, isfinite
from typing import Any

import torch
from torch import Tensor

from core.analysis.update_trace import UNITS, LayerTrace, QuantityTrace, TargetOutcome, UpdateTrace, WeightTrace, trace_to_plain
from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.i18n import _
from core.nn.cells import CELLS, LayerMasks, Ops, State
from core.nn.engines import LayerWeights, run_steps
from core.nn.network import Network
from core.tasks.task import Batch
from core.training.events import Event, NoCommands
from core.training.loss import ForwardPass, MaskSet, forward, total_loss
from core.training.trainer import Trainer

PROGRESS_EVENTS = 20  # the most events of progress
# The gates in the order in which the steps compute σ, each with the site of its mask.
GATE_SITES = {
    "lstm": {"i": "input_gate", "f": "forget_gate", "o": "output_gate"},
    "gru": {"r": "reset_gate", "z": "update_gate"},
}


class RecordingTrainer(Trainer):
    """A run without evaluations, which have no effect on training, that keeps the inputs of its newest update.

    weights: before the update. batch, states_before, mask_sets: the window, the states before it and the masks of every pass.
    loss: as recorded. gradients: ‖∂loss/∂w‖ of each parameter before clipping.
    """

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(experiment, NoCommands(), 0)
        self.weights: dict[str, Tensor] = {}
        self.gradients: dict[str, float] = {}
        self.mask_sets: list[MaskSet] = []
        self.batch: Batch
        self.states_before: list[State]
        self.loss: float

    def masks(self, batch: Batch, pass_index: int) -> MaskSet:
        """Draw the masks as the run does, and keep them with the window and the states before it."""
        masks = super().masks(batch, pass_index)
        self.batch, self.states_before = batch, self.states
        self.mask_sets = [*(self.mask_sets if pass_index else []), masks]
        return masks

    def record_update(self, record_of: dict[str, Any]) -> Iterator[Event]:  # type: ignore[override]
        """Keep the loss of the update; yield an event, so that the caller can stop between two updates."""
        self.loss = record_of["train_loss"]
        yield {"event": "updated"}

    def start_recording(self) -> None:
        """Keep the current weights, and the norm of every gradient that is computed from now on."""
        for name, weight in self.network.named_parameters():
            self.weights[name] = weight.detach().clone()
            weight.register_post_accumulate_grad_hook(partial(self._keep_gradient, name))  # type: ignore[no-untyped-call]

    def _keep_gradient(self, name: str, weight: Tensor) -> None:
        assert weight.grad is not None
        self.gradients[name] = weight.grad.norm().item()


class RecordingNetwork(Network):
    """The network of a run, computed by the reference step, with the states and gates of every layer and step.

    states, gates: by layer, from the first up; of several passes one after the other.
    """

    def __init__(self, run: RecordingTrainer) -> None:
        super().__init__(run.data.tokens, run.data.classes, run.experiment)
        self.to(run.device).load_state_dict(run.weights)
        self.states: list[list[State]] = []
        self.gates: list[list[list[Tensor]]] = []

    def run_layer(self, x: Tensor, state: State, weights: LayerWeights, masks: LayerMasks) -> tuple[Tensor, State]:
        """Run one layer over a window by the reference step, and keep its states and masked gates."""
        cell, states, gates = CELLS[self.cell], list[State](), list[list[Tensor]]()

        def step(wx: Tensor, state: State, U: Tensor, b: Tensor, m: LayerMasks, op: Ops) -> State:
            activations: list[Tensor] = []

            def sigmoid(a: Tensor) -> Tensor:
                activations.append(op.sigmoid(a))
                return activations[-1]

            states.append(cell.step(wx, state, U, b, m, replace(op, sigmoid=sigmoid)))
            sites = GATE_SITES.get(self.cell, {}).values()
            gates.append([getattr(m, site) * gate for site, gate in zip(sites, activations, strict=False)])
            return states[-1]

        self.states.append(states)
        self.gates.append(gates)
        return run_steps(x, state, weights, masks, replace(cell, step=step))


def train_to_update(experiment: Experiment, update: int) -> Iterator[tuple[RecordingTrainer, float]]:
    """Train up to an update (from 1) and record it; yield the run after every update, with the part done, 0 to 1."""
    run = RecordingTrainer(experiment)
    updates = run.run_updates()
    for n in range(update):
        next(updates)  # the first event is of update 0, before training
        yield run, n / update
    run.start_recording()
    next(updates)
    yield run, 1.0


def record_update(run: RecordingTrainer, sample: int) -> UpdateTrace:
    """Return the trace of the run's newest update for one sample (from 0). Raises Invalid if it is not finite."""
    losses = dict(run.experiment.placement.losses)
    network = RecordingNetwork(run)
    passes = [forward(network, run.batch, run.states_before, masks) for masks in run.mask_sets]
    total = total_loss(passes, losses, run.experiment.loss)
    with torch.no_grad():
        after = forward(run.network, run.batch, run.states_before, run.mask_sets[0]).loss.item()
    answers = len(passes[0].scores)
    norm, clipped = hypot(*run.gradients.values()), hypot(*map(_gradient_norm, run.network.parameters()))
    return UpdateTrace(
        update=run.update,
        sample=sample,
        loss=_round(run.loss) if answers else None,
        after=_round(after) if answers else None,
        objective=_round(total.item()),
        answers=answers,
        layers=_trace_layers(network, total, sample),
        targets=_list_target_outcomes(passes[0], run.batch, sample),
        weights=_trace_weights(run),
        norm=_round(norm),
        factor=_round(clipped / norm) if norm else 1.0,
    )


def _trace_layers(network: RecordingNetwork, total: Tensor, sample: int) -> tuple[LayerTrace, ...]:
    """Return the traces of the layers, of the first pass."""
    states = network.states[: len(network.widths)]
    flat = [value for steps in states for state in steps for value in state]
    computed = torch.autograd.grad(total, flat, allow_unused=True)
    gradients = iter([torch.zeros_like(v) if g is None else g for v, g in zip(flat, computed, strict=True)])
    carries, gate_names = CELLS[network.cell].carries, tuple(GATE_SITES.get(network.cell, {}))
    layers = []
    for steps, gates in zip(states, network.gates, strict=False):
        slopes = [[next(gradients)[sample] for _value in state] for state in steps]
        carried = {
            name: _trace_quantity([state[n][sample] for state in steps], [slope[n] for slope in slopes])
            for n, name in enumerate(carries)
        }
        mean_gates = {name: tuple(_round(step[n][sample].mean().item()) for step in gates) for n, name in enumerate(gate_names)}
        layers.append(LayerTrace(carried, mean_gates))
    return tuple(layers)


def _trace_quantity(values: list[Tensor], gradients: list[Tensor]) -> QuantityTrace:
    """Return the trace of a state, from its values and gradients [H] at every step."""
    return QuantityTrace(
        _select_units(values), _select_units(gradients), tuple(map(_norm, values)), tuple(map(_norm, gradients))
    )


def _select_units(steps: list[Tensor]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(_round, step[:UNITS].tolist())) for step in steps)


def _list_target_outcomes(forward_pass: ForwardPass, batch: Batch, sample: int) -> tuple[TargetOutcome, ...]:
    steps, samples = batch.target_mask.nonzero()  # in the order of the scores
    if batch.y.dtype.kind == "f":
        return tuple(
            TargetOutcome(int(t), _round(float(batch.y[t, b])), None, _round(value.item()))
            for t, b, value in zip(steps, samples, forward_pass.scores[:, 0], strict=True)
            if b == sample
        )
    probabilities = forward_pass.scores.softmax(-1)
    return tuple(
        TargetOutcome(int(t), int(batch.y[t, b]), _round(p[int(batch.y[t, b])].item()), int(p.argmax()))
        for t, b, p in zip(steps, samples, probabilities, strict=True)
        if b == sample
    )


def _trace_weights(run: RecordingTrainer) -> tuple[WeightTrace, ...]:
    return tuple(
        WeightTrace(name, _norm(run.weights[name]), _round(run.gradients.get(name, 0.0)), _norm(now - run.weights[name]))
        for name, now in run.network.named_parameters()
        if now.numel()  # where no tokens are read, the embedding has no rows
    )


def _gradient_norm(weight: Tensor) -> float:
    return 0.0 if weight.grad is None else weight.grad.norm().item()


def _norm(values: Tensor) -> float:
    return _round(values.detach().norm().item())


def _round(value: float) -> float:
    """Return the value to six digits, more than any figure shows. Raises Invalid if it is not finite."""
    if not isfinite(value):
        raise Invalid(
            _(
                "The values of this update are not finite: training diverged. A smaller learning rate, or another scaling "
                "of the masks, may help."
            ),
            "learning_rate",
        )
    return float(f"{value:.6g}")


def run_recording(experiment: Experiment, update: int, sample: int) -> Iterator[Event]:
    """Yield the events of a recording: progress while it trains, then the trace."""
    reported = -1
    for run, part in train_to_update(experiment, update):
        if int(PROGRESS_EVENTS * part) > reported:
            reported = int(PROGRESS_EVENTS * part)
            yield {"event": "reached", "part": part}
        if part == 1:
            yield {"event": "snapshot", "snapshot": trace_to_plain(record_update(run, sample))}
