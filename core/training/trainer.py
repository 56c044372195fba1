"""Train one experiment: as an iterator of events, or in slices between those of other runs (torch).

`train` goes on to the end; `Trainer.advance` for a moment. Both apply commands between two updates and between two chunks of an
evaluation, and give the same numbers: what is between two slices of a run has no effect on it. The events and commands are
those of events.py. Nothing here prints, sleeps or draws on a screen.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy.typing as npt
import torch
from torch import Tensor

from core.dropout.masks import expand_word_masks, get_test_time_values
from core.errors import Invalid
from core.experiment.batches import draw_update_masks, load_data
from core.experiment.changes import CHANGEABLE_FIELDS, apply_changes
from core.experiment.experiment import Experiment
from core.i18n import _
from core.nn.cells import State
from core.nn.network import Network, to_torch
from core.tasks import get_task
from core.tasks.generated_sequences import collect_rows
from core.tasks.task import Batch, Ints, Reals
from core.training.allocator import keep_freed_memory
from core.training.checkpoint import Checkpoint
from core.training.decoding import StepMasks, generate_answers
from core.training.engine_choice import list_engines
from core.training.evaluation import Predictions, compute_predictions, list_sample_predictions
from core.training.events import VERSION, Command, Commands, Event, NoCommands, make_record
from core.training.loss import ForwardPass, count_passes, forward, total_loss
from core.training.optimizer import Optimizer
from core.training.sampling import generate_text
from core.training.weight_file import save_weights

T = TypeVar("T")
Events = Generator[Event, None, None]
PredictionsAndTargets = tuple[npt.NDArray[Any], npt.NDArray[Any]]  # one for each step, or rows of answers

# Markers that only `advance` finds among the events: the run may be left for another here, or it waits for a command.
SUSPENDED: Event = {"event": "suspended"}
WAITING: Event = {"event": "waiting"}

# Training has diverged if the clean training loss is this many times that of a uniform guess; for real values, if the error
# (the root of the loss) is this many times that of predicting the mean.
# Runs that learn anything stay below 1.3 at every evaluation, whatever the method and scaling; overfitting affects only the
# validation loss. With Adam and clipped gradients a far too large learning rate (10) gives 25 to 35, but never NaN.
DIVERGENCE_FACTOR = 3


class _Stopped(Exception):
    """The user has stopped the run."""


class Diverged(Exception):
    """The loss is not finite, or absurdly large; the message says which."""


def train(
    experiment: Experiment,
    commands: Commands | None = None,
    show: int = 0,
    weight_file: Path | None = None,
    checkpoint: Checkpoint | None = None,
) -> Iterator[Event]:
    """Train an experiment and yield its events as they happen; the last one is "done", "stopped" or "failed".

    show: for how many samples of each batch the records carry the predicted class at every step ("predicted",
    [show][T], -1 at steps without a target; or the real value, scaled as the targets are, null at steps without a target), as
    the masked network of that very update predicted it.
    weight_file: where the weights are written, at every evaluation, at a pause and at the end.
    checkpoint: where the run is saved at intervals; if the file exists, its events are yielded again and the run continues
    after them with the numbers of an uninterrupted run.
    Raises Invalid if the task cannot make its data, the device is not there, or the checkpoint does not fit.
    """
    yield from Trainer(experiment, commands or NoCommands(), show, weight_file, checkpoint).run()


def prepare(threads: int) -> None:
    """Set up torch in this process. threads: with one, sums are computed in the same order on every machine."""
    keep_freed_memory()
    torch.set_num_threads(threads)


def get_device(name: str) -> torch.device:
    """Return the torch device of this name; "auto" is the fastest available one. Raises Invalid if it is not available."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device("cuda" if there["cuda"] else "cpu")
    if not there[name]:
        have = ", ".join(device for device, is_there in there.items() if is_there)
        raise Invalid(_("There is no {name} device on this machine; it has {have}.").format(name=name, have=have), "device")
    return torch.device(name)


class Trainer:
    """The state of one run; its methods are the phases of training."""

    def __init__(
        self,
        experiment: Experiment,
        commands: Commands,
        show: int,
        weight_file: Path | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.experiment, self.commands, self.show, self.weight_file = experiment, commands, show, weight_file
        self.checkpoint = checkpoint
        self.device = get_device(experiment.device)
        self.task = get_task(experiment.task)
        self.data = load_data(experiment)
        self.network = Network(self.data.tokens, self.data.classes, experiment).to(self.device)
        self.optimizer = Optimizer(self.network, experiment)
        self.total = experiment.updates or experiment.epochs * self.data.updates
        self.states = self.network.zero_states(experiment.batch)
        self.update = 0
        self.in_force = experiment  # the experiment at the newest update; a change applies from the next one on
        self.unrecorded: dict[str, Any] | None = None  # fields of this update's record, without an evaluation
        self.paused = False
        self.pause_at: int | None = None  # the update after which "step" pauses again
        self.catching_up = -1  # up to this update the run repeats recorded updates; no command is applied
        self.repeated: deque[Event] = deque()  # the changes that were made at these updates
        self.best: dict[str, Any] = {"update": 0, "val_loss": math.inf}
        self.is_evaluating = False  # whoever saves the run now evaluates again from the beginning when it goes on
        self.interruptible = False  # whether `advance` consumes the events
        self.events: Iterator[Event] = iter(())
        self.spent = 0.0
        self.since: float | None = time.perf_counter()  # when this slice began; None between two slices
        if checkpoint:
            self.load_checkpoint(checkpoint)

    @property
    def seconds(self) -> float:
        """Return how many seconds this run has trained, without the time between its slices."""
        return round(self.spent + (0.0 if self.since is None else time.perf_counter() - self.since), 2)

    def run(self) -> Events:
        """Yield the events of the whole run, or of the rest of it. The last one is "done", "stopped" or "failed"."""
        try:
            yield self.make_started_event()
            yield from self.run_with_checkpoint()
            yield from self.run_test()
        except _Stopped:
            self.save_weights()
            yield {"event": "stopped", "update": self.update, "seconds": self.seconds}
        except Diverged as diverged:
            yield {"event": "failed", "update": self.update, "reason": self.explain_divergence(str(diverged))}

    def advance(self, budget: float, emit: Callable[[Event], None], is_urgent: Callable[[], bool] = lambda: False) -> str:
        """Train for about `budget` seconds, up to the next point where the run can be left, and hand over each event at once.

        is_urgent: whether something more urgent has come. Return "used" (the budget), "paused" (nothing to do before the
        next command) or "ended". Never blocks.
        """
        if not self.interruptible:
            self.interruptible, self.events = True, self.run()
        self.since = begin = time.perf_counter()
        try:
            for event in self.events:
                if event is WAITING:
                    return "paused"
                if event is not SUSPENDED:
                    emit(event)
                elif time.perf_counter() - begin >= budget or is_urgent():
                    return "used"
            return "ended"
        finally:
            self.network.zero_grad()  # memory for the other runs
            self.spent, self.since = self.spent + time.perf_counter() - begin, None

    def make_started_event(self) -> Event:
        weights = sum(p.numel() for p in self.network.parameters())
        gone = {"resumed": self.update} if self.update else {}
        return {
            "event": "started",
            "version": VERSION,
            "updates": self.total,
            "updates_per_epoch": self.data.updates,
            "parameters": weights,
            "device": self.device.type,
            "metric": self.task.metric,
            "baseline": self.data.baseline,
            "engine": list_engines(self.experiment, self.device),
            "reads": self.data.reads,
            **gone,
        }

    def run_with_checkpoint(self) -> Events:
        """Yield the events that the checkpoint holds, then those of the remaining updates, which are added to it."""
        yield from self.checkpoint.list_events() if self.checkpoint else []
        for event in self.run_updates():
            if self.checkpoint and event is not SUSPENDED and event is not WAITING:
                self.checkpoint.add_event(event)
            yield event

    def run_updates(self) -> Events:
        """Make the remaining updates and yield their events; before update 1, the evaluation of the untrained network."""
        if self.unrecorded is None and not self.update:
            self.unrecorded = {"train_loss": math.nan}
        if self.unrecorded is not None:
            yield from self.finish_update()
        while self.update < self.total:
            epoch, place = divmod(self.update, self.data.updates)
            for batch in islice(self.data.train(epoch), place, place + self.total - self.update):
                self.repeat_changes()
                yield from self.apply_commands()
                self.update += 1
                self.in_force = self.experiment
                yield from self.one_update(batch)
                yield from self.pause_after_step()
                yield from self.write_checkpoint()

    def one_update(self, batch: Batch) -> Events:
        """Make one update of the weights, and record it."""
        self.unrecorded = self.change_weights(batch)
        yield from self.record_update(self.unrecorded)
        self.unrecorded = None

    def finish_update(self) -> Events:
        """Complete an update whose weights are already changed: the evaluation and the record."""
        assert self.unrecorded is not None
        yield from self.record_update(self.unrecorded)
        self.unrecorded = None
        yield from self.pause_after_step()
        if self.update:
            yield from self.write_checkpoint()

    def change_weights(self, batch: Batch) -> dict[str, Any]:
        """Draw masks → forward through time → loss → backward → update. Return the fields of its record."""
        e, losses = self.experiment, dict(self.experiment.placement.losses)
        if batch.starts_sequence:
            self.states = self.network.zero_states(e.batch)
        passes = [forward(self.network, batch, self.states, self.masks(batch, n)) for n in range(count_passes(losses))]
        first, loss = passes[0], total_loss(passes, losses, e.loss)
        self.check_loss(loss.item())
        self.network.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step(e, (self.update - 1) // self.data.updates, len(batch.x))
        self.states = [tuple(part.detach() for part in state) for state in first.states]
        shown = {"predicted": list_sample_predictions(first.scores, batch, self.show)} if self.show else {}
        return {"train_loss": first.loss.item() if len(first.scores) else math.nan, **shown}

    def masks(self, batch: Batch, pass_index: int) -> dict[str, Tensor]:
        """Draw the masks of this update for one of its forward passes."""
        return to_torch(expand_word_masks(draw_update_masks(self.experiment, self.update, pass_index), batch.x), self.device)

    def record_update(self, record_of: dict[str, Any]) -> Events:
        """Yield the record of this update, with an evaluation at the start, at the end of each epoch and at the very end."""
        due = self.update % self.data.updates == 0 or self.update == self.total
        self.is_evaluating = due
        evaluation = (yield from self.evaluate()) if due else None
        self.is_evaluating = False
        if due:
            self.save_weights()
        yield make_record(self.update, self.update / self.data.updates, evaluated=evaluation, **record_of)
        if evaluation and self.update and self.optimizer.note_validation_loss(self.experiment, evaluation["val_loss"]):
            yield {"event": "averaging", "update": self.update}
        times = DIVERGENCE_FACTOR**2 if self.data.is_regression else DIVERGENCE_FACTOR
        if evaluation and evaluation["train_loss_clean"] > times * self.data.guess_loss:
            raise Diverged(
                _(
                    "The clean training loss has grown to {loss:.3g}, more than {times} times that of a plain "
                    "guess, at update {update}"
                ).format(loss=evaluation["train_loss_clean"], times=times, update=self.update)
            )

    def evaluate(self) -> Generator[Event, None, dict[str, Any]]:
        """Evaluate the validation split, and as many windows of the training split, without masks."""
        windows = sum(1 for _window in self.data.split("validation"))
        masks = self.test_masks()
        validation = yield from self.evaluate_split("validation", windows, masks)
        training = yield from self.evaluate_split("train", windows, masks)
        text = yield from self.run_in_steps(
            generate_text(self.optimizer.evaluation_network, self.data, masks, self.experiment.data_seed)
        )
        if validation["loss"] < self.best["val_loss"]:
            self.best = {"update": self.update, "val_loss": validation["loss"]}
        return {
            "train_loss_clean": training["loss"],
            "val_loss": validation["loss"],
            "val": {name: validation[name] for name in self.task.metrics},
            **validation["shown"],
            **text,
        }

    def test_masks(self) -> dict[str, Tensor]:
        """Return the test-time values of the masks, for evaluations. Nothing is drawn."""
        return to_torch(
            get_test_time_values(self.in_force.placement.resolve_schedules(self.update), self.in_force.shape), self.device
        )

    def evaluate_split(self, split: str, windows: int, masks: dict[str, Tensor]) -> Generator[Event, None, dict[str, Any]]:
        """Return loss, metrics and, under "shown", a summary of the predictions for a split; for "train" the loss alone."""
        e, predictions, network = self.experiment, Predictions(), self.optimizer.evaluation_network
        names = self.task.metrics if split != "train" else ()
        states = network.zero_states(e.batch)
        for batch in islice(self.data.split(split), windows):
            yield from self.apply_commands()
            if batch.starts_sequence:
                states = network.zero_states(e.batch)
            with torch.no_grad():
                one = forward(network, batch, states, masks)
            starts = [states] if names else []
            answers = yield from self.collect_answers(one.scores, batch, starts, [lambda _x, _step: masks])
            predictions.add(one.loss.item(), *answers)
            states = one.states
        self.check_loss(predictions.total)
        return predictions.metrics(names, self.data) | {"shown": predictions.summarize(self.data, split)}

    def collect_answers(
        self, scores: Tensor, batch: Batch, starts: Sequence[list[State]], ways: Sequence[StepMasks]
    ) -> Generator[Event, None, PredictionsAndTargets]:
        """Return predictions and targets of a window.

        The predictions follow from the scores; or, if they are fed back and there are states `starts`, they are generated from
        these.
        """
        if self.data.feedback is None or not starts:
            return compute_predictions(scores), batch.y[batch.target_mask]
        predictions = yield from self.run_in_steps(
            generate_answers(self.optimizer.evaluation_network, batch, self.data.feedback, starts, ways)
        )
        return predictions, collect_rows(batch.y, batch.target_mask)

    def run_test(self) -> Events:
        self.is_evaluating = True
        windows = sum(1 for _window in self.data.split("test"))
        result = yield from self.evaluate_split("test", windows, self.test_masks())
        metrics = {name: result[name] for name in self.task.metrics} | {"loss": result["loss"], "baseline": self.data.baseline}
        if self.in_force.monte_carlo:
            monte_carlo = yield from self.monte_carlo()
            metrics |= {f"{name}_monte_carlo": monte_carlo[name] for name in (*self.task.metrics, "loss")}
        yield {
            "event": "done",
            "test": metrics,
            "baselines": self.data.baselines["test"],
            "validation_baselines": self.data.baselines["validation"],
            **{f"test_{name}": value for name, value in result["shown"].items()},
            "best": self.best,
            "update": self.update,
            "seconds": self.seconds,
        }

    def monte_carlo(self) -> Generator[Event, None, dict[str, float]]:
        """Return loss and metrics of the test split with masks: of the mean probabilities or values of several passes."""
        e, predictions = self.in_force, Predictions()
        states = [self.network.zero_states(e.batch)] * e.monte_carlo
        for n, batch in enumerate(self.data.split("test"), start=1):
            if batch.starts_sequence:
                states = [self.network.zero_states(e.batch)] * e.monte_carlo
            passes = yield from self.compute_passes(batch, states, n)
            targets = batch.y[batch.target_mask]
            if self.data.is_regression:
                mean = torch.stack([one.scores for one in passes]).mean(0).cpu()
                sums = (mean[:, 0] - torch.from_numpy(targets)).square()
            else:
                mean = torch.stack([one.scores.softmax(-1) for one in passes]).mean(0).cpu()
                sums = -mean[torch.arange(len(targets)), torch.from_numpy(targets)].log()
            ways = [partial(self.draw_test_masks, n, pass_index) for pass_index in range(e.monte_carlo)]
            answers = yield from self.collect_answers(mean, batch, states, ways)
            predictions.add(sums.mean().item() if len(targets) else 0.0, *answers)
            states = [one.states for one in passes]
        return predictions.metrics(self.task.metrics, self.data)

    def compute_passes(self, batch: Batch, states: list[Any], window: int) -> Generator[Event, None, list[ForwardPass]]:
        """Compute the Monte Carlo passes of one test window."""
        passes = []
        for n, state in enumerate(states):
            yield from self.apply_commands()
            with torch.no_grad():
                passes.append(
                    forward(self.optimizer.evaluation_network, batch, state, self.draw_test_masks(window, n, batch.x))
                )
        return passes

    def draw_test_masks(self, window: int, pass_index: int, x: Ints | Reals, step: slice = slice(None)) -> dict[str, Tensor]:
        """Draw the masks of a pass over these steps x of a test window, as of an update after the end of the training."""
        masks = draw_update_masks(self.in_force, self.total + window, pass_index)
        now = {name: mask[step] if len(mask) > 1 else mask for name, mask in masks.items()}
        return to_torch(expand_word_masks(now, x), self.device)

    def yield_suspended(self) -> Events:
        """Yield SUSPENDED in `advance`: here the run may be left for another one."""
        if self.interruptible:
            yield SUSPENDED

    def run_in_steps(self, steps: Generator[None, None, T]) -> Generator[Event, None, T]:
        """Return the result of a long computation; between two of its steps the run may be left for another one."""
        while True:
            try:
                next(steps)
            except StopIteration as finished:
                result: T = finished.value
                return result
            yield from self.yield_suspended()

    def apply_commands(self) -> Events:
        """Apply the commands that have come; while paused, wait for the next."""
        yield from self.yield_suspended()
        while not self.is_repeating:
            command = self.commands.next_command(wait=self.paused and not self.interruptible)
            if command is not None:
                yield from self.apply_command(command)
            elif self.paused and self.interruptible:
                yield WAITING
            else:
                return

    def apply_command(self, command: Command) -> Events:
        match command["command"]:
            case "stop":
                raise _Stopped
            case "change":
                yield self.change(command)
            case "pause" if not self.paused:
                yield self.pause()
            case "resume":
                self.paused, self.pause_at = False, None
                yield {"event": "state", "state": "running"}
            case "step":
                # A step of a run that was paused within an evaluation finishes the update of that evaluation.
                made = self.update - (self.unrecorded is not None and self.update > 0)
                self.paused, self.pause_at = False, max(made, self.pause_at or 0) + 1
                yield {"event": "state", "state": "running", "until": self.pause_at}

    def pause(self) -> Event:
        self.paused, self.pause_at = True, None
        self.save_weights()
        return {"event": "state", "state": "paused"}

    def pause_after_step(self) -> Events:
        """Pause after an update if a "step" command asked for it."""
        if self.pause_at is not None and self.update >= self.pause_at:
            yield self.pause()

    def change(self, command: Command) -> Event:
        """Change fields that may change during a run, from the next update on."""
        what = {name: command[name] for name in CHANGEABLE_FIELDS if name in command}
        self.experiment = apply_changes(self.experiment, [command])
        return {"event": "changed", "update": self.update, **what}

    @property
    def is_repeating(self) -> bool:
        """Return whether the records of this update were already emitted before the run was interrupted."""
        return self.update - (self.unrecorded is not None) < self.catching_up

    def repeat_changes(self) -> None:
        """Make the changes again that were made at this update before the run was interrupted."""
        while self.repeated and self.repeated[0]["update"] <= self.update:
            self.experiment = apply_changes(self.experiment, [self.repeated.popleft()])

    def resume(self, newest_recorded_update: int, changes: Iterable[Event], paused: bool, pause_at: int | None) -> None:
        """Continue at the point of the interruption, which may be later than the saved state.

        newest_recorded_update: the last update whose record was emitted, -1 for none. changes: the "changed" events so far.
        paused, pause_at: as the run was then.
        """
        self.catching_up = newest_recorded_update
        # One update too many is included: a change during an unfinished evaluation counts from the record before, and making
        # a change twice alters nothing.
        self.repeated = deque(one for one in changes if one["update"] >= self.update - 1)
        self.paused, self.pause_at = paused and not self.is_repeating, pause_at
        if paused and not self.paused:
            self.pause_at = newest_recorded_update

    def state(self) -> dict[str, Any]:
        """Return everything that the rest of the run depends on, besides the experiment."""
        return {
            "update": self.update,
            "weights": self.network.state_dict(),
            "optimiser": self.optimizer.state(),
            "states": self.states,
            "best": self.best,
            "seconds": self.seconds,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Restore what `state` returned."""
        self.update, self.best, self.spent = saved["update"], saved["best"], saved["seconds"]
        self.network.load_state_dict(saved["weights"])
        self.optimizer.restore(saved["optimiser"])
        self.states = [tuple(part.to(self.device) for part in state) for state in saved["states"]]

    def load_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Continue from the checkpoint. A new run writes it at once, so that an unwritable file is known at the start."""
        saved = checkpoint.load(self.experiment, self.data)
        if saved is None:
            checkpoint.write(self.state())
            return
        self.restore(saved)

    def write_checkpoint(self) -> Events:
        """Write the checkpoint after an update if it is due. A full disk yields "unsaved" and does not end the run."""
        if not self.checkpoint or (self.update % self.checkpoint.interval and self.update < self.total):
            return
        try:
            self.checkpoint.write(self.state())
        except Invalid as invalid:
            yield {"event": "unsaved", "update": self.update, "reason": str(invalid)}

    def save_weights(self) -> None:
        """Write the weights to `weight_file`, if there is one."""
        if self.weight_file:
            save_weights(self.optimizer.evaluation_network, self.update, self.weight_file)

    def check_loss(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise Diverged(_("The loss is no longer a number since update {update}").format(update=self.update))

    def explain_divergence(self, what: str) -> str:
        return _(
            "{what}: training diverged. A learning rate of {rate} is too large here, or the masks' scale grows "
            "without bound; lower one of them."
        ).format(what=what, rate=self.experiment.learning_rate)
