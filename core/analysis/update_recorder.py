"""Record one update of a run from within: states, gates, gradients, masks (torch).

In: one line, a request of core/runs/trace_jobs.py. Out: one JSON object a line: {"event": "reached", "part"} while it trains,
then {"event": "snapshot", "snapshot"}, or {"event": "failed", "reason"}.

The update is the run's own: it is trained by `core.training.trainer`, from the first update on. What a fused kernel keeps to
itself, h,
c and gates at every step and the gradients at them, is found by making the same forward pass once more by the readable step.
"""

from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial
from math import hypot, isfinite
from typing import Any

import torch
from torch import Tensor

from core.analysis import update_trace
from core.analysis.update_trace import UNITS, Asked, Lane, Layer, UpdateTrace
from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.i18n import _
from core.nn.cells import CELLS, LayerMasks, Ops, State
from core.nn.engines import Weights, run_steps
from core.nn.network import Network
from core.tasks.task import Batch
from core.training.events import Event, NoCommands
from core.training.loss import MaskSet, Pass, forward, total_loss
from core.training.trainer import Trainer

NEWS = 20  # how often, at most, is said how far it is
# The gates in the order in which the steps call σ, each with the site that masks it.
GATES = {"lstm": {"i": "input_gate", "f": "forget_gate", "o": "output_gate"}, "gru": {"r": "reset_gate", "z": "update_gate"}}


class Watched(Trainer):
    """A run that makes no evaluations, which leave no trace in it, and keeps what its newest update began with: the weights,
    the batch, the states and the masks of every pass; the loss that it records; ‖gradient‖ of each weight before clipping."""

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(experiment, NoCommands(), 0)
        self.weights: dict[str, Tensor] = {}
        self.gradients: dict[str, float] = {}
        self.mask_sets: list[MaskSet] = []
        self.batch: Batch
        self.before: list[State]
        self.loss: float

    def masks(self, batch: Batch, pass_index: int) -> MaskSet:
        """As the run draws them."""
        found = super().masks(batch, pass_index)
        self.batch, self.before = batch, self.states
        self.mask_sets = [*(self.mask_sets if pass_index else []), found]
        return found

    def evaluated(self, record_of: dict[str, Any]) -> Iterator[Event]:  # type: ignore[override]
        """The loss of the update; an event, so that whoever waits can stop between two updates."""
        self.loss = record_of["train_loss"]
        yield {"event": "updated"}

    def watch(self) -> None:
        """From now on: the weights as they are, and the gradient as soon as it is there."""
        for name, weight in self.network.named_parameters():
            self.weights[name] = weight.detach().clone()
            weight.register_post_accumulate_grad_hook(partial(self._heard, name))  # type: ignore[no-untyped-call]

    def _heard(self, name: str, weight: Tensor) -> None:
        assert weight.grad is not None
        self.gradients[name] = weight.grad.norm().item()


class Readable(Network):
    """The same network, run by the readable step; it keeps the states and gates of every layer and step, those of a layer
    after those of the layer below."""

    def __init__(self, run: Watched) -> None:
        super().__init__(run.data.tokens, run.data.classes, run.experiment)
        self.to(run.device).load_state_dict(run.weights)
        self.kept: list[list[State]] = []
        self.gates: list[list[list[Tensor]]] = []

    def layer(self, x: Tensor, state: State, weights: Weights, masks: LayerMasks) -> tuple[Tensor, State]:
        """One layer over a window, watched."""
        row, kept, gates = CELLS[self.cell], list[State](), list[list[Tensor]]()

        def step(wx: Tensor, state: State, U: Tensor, b: Tensor, m: LayerMasks, op: Ops) -> State:
            found: list[Tensor] = []

            def sigmoid(a: Tensor) -> Tensor:
                found.append(op.sigmoid(a))
                return found[-1]

            kept.append(row.step(wx, state, U, b, m, replace(op, sigmoid=sigmoid)))
            sites = GATES.get(self.cell, {}).values()
            gates.append([getattr(m, site) * gate for site, gate in zip(sites, found, strict=False)])
            return kept[-1]

        self.kept.append(kept)
        self.gates.append(gates)
        return run_steps(x, state, weights, masks, replace(row, step=step))


def watched(experiment: Experiment, update: int) -> Iterator[tuple[Watched, float]]:
    """Trains up to that update (from 1), watched; gives the run again and again, with how much is done, 0 to 1."""
    run = Watched(experiment)
    updates = run.all_updates()
    for n in range(update):
        next(updates)  # the first is update 0, before all training
        yield run, n / update
    run.watch()
    next(updates)
    yield run, 1.0


def snapshot(run: Watched, sample: int) -> UpdateTrace:
    """The newest update of the run, seen from within, for one sample (from 0). Raises Invalid where it is not finite."""
    losses = dict(run.experiment.placement.losses)
    network = Readable(run)
    passes = [forward(network, run.batch, run.before, masks) for masks in run.mask_sets]
    total = total_loss(passes, losses, run.experiment.loss)
    with torch.no_grad():
        after = forward(run.network, run.batch, run.before, run.mask_sets[0]).loss.item()
    answers = len(passes[0].scores)
    norm, clipped = hypot(*run.gradients.values()), hypot(*map(_clipped, run.network.parameters()))
    return UpdateTrace(
        update=run.update,
        sample=sample,
        loss=_short(run.loss) if answers else None,
        after=_short(after) if answers else None,
        objective=_short(total.item()),
        answers=answers,
        layers=_layers(network, total, sample),
        targets=_asked(passes[0], run.batch, sample),
        weights=_weights(run),
        norm=_short(norm),
        factor=_short(clipped / norm) if norm else 1.0,
    )


def _layers(network: Readable, total: Tensor, sample: int) -> tuple[Layer, ...]:
    """The layers of the first pass."""
    kept = network.kept[: len(network.widths)]
    flat = [value for steps in kept for state in steps for value in state]
    found = torch.autograd.grad(total, flat, allow_unused=True)
    slopes = iter([torch.zeros_like(v) if g is None else g for v, g in zip(flat, found, strict=True)])
    names = CELLS[network.cell].carries
    layers = []
    for steps, gates in zip(kept, network.gates, strict=False):
        of_steps = [[next(slopes)[sample] for _value in state] for state in steps]
        carried = {
            name: _lane([state[n][sample] for state in steps], [slope[n] for slope in of_steps]) for n, name in enumerate(names)
        }
        opened = {
            name: tuple(_short(step[n][sample].mean().item()) for step in gates)
            for n, name in enumerate(GATES.get(network.cell, {}))
        }
        layers.append(Layer(carried, opened))
    return tuple(layers)


def _lane(values: list[Tensor], slopes: list[Tensor]) -> Lane:
    """Of [H] for every step."""
    return Lane(_rows(values), _rows(slopes), tuple(map(_size, values)), tuple(map(_size, slopes)))


def _rows(steps: list[Tensor]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(_short, step[:UNITS].tolist())) for step in steps)


def _asked(one: Pass, batch: Batch, sample: int) -> tuple[Asked, ...]:
    steps, samples = batch.target_mask.nonzero()  # in the order of the scores
    if batch.y.dtype.kind == "f":
        return tuple(
            Asked(int(t), _short(float(batch.y[t, b])), None, _short(value.item()))
            for t, b, value in zip(steps, samples, one.scores[:, 0], strict=True)
            if b == sample
        )
    said = one.scores.softmax(-1)
    return tuple(
        Asked(int(t), int(batch.y[t, b]), _short(p[int(batch.y[t, b])].item()), int(p.argmax()))
        for t, b, p in zip(steps, samples, said, strict=True)
        if b == sample
    )


def _weights(run: Watched) -> tuple[update_trace.Tensor, ...]:
    return tuple(
        update_trace.Tensor(
            name, _size(run.weights[name]), _short(run.gradients.get(name, 0.0)), _size(now - run.weights[name])
        )
        for name, now in run.network.named_parameters()
        if now.numel()  # where no tokens are read, the embedding has no rows
    )


def _clipped(weight: Tensor) -> float:
    return 0.0 if weight.grad is None else weight.grad.norm().item()


def _size(values: Tensor) -> float:
    return _short(values.detach().norm().item())


def _short(value: float) -> float:
    """Six digits are more than any figure shows. Raises Invalid for what is no number."""
    if not isfinite(value):
        raise Invalid(
            _(
                "What this update computes is no longer a number: the weights have run away. A smaller learning "
                "rate, or another scaling of the masks, may help."
            ),
            "learning_rate",
        )
    return float(f"{value:.6g}")


def events(experiment: Experiment, update: int, sample: int) -> Iterator[Event]:
    """What the process says."""
    said = -1
    for run, part in watched(experiment, update):
        if int(NEWS * part) > said:
            said = int(NEWS * part)
            yield {"event": "reached", "part": part}
        if part == 1:
            yield {"event": "snapshot", "snapshot": asdict(snapshot(run, sample))}
