"""Train one experiment: as an iterator of events, or in slices between those of other runs (torch).

`train` goes on to the end; `Trainer.advance` for a moment. Both obey commands between two updates and between two chunks of an
evaluation, and give the same numbers: what is between two slices of a run cannot be seen in it. The events and commands are
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
from core.training.evaluation import Predictions, compute_predictions, list_sample_predictions
from core.training.events import VERSION, Command, Commands, Event, NoCommands, make_record
from core.training.loss import ForwardPass, count_passes, forward, total_loss
from core.training.optimizer import Optimizer
from core.training.sampling import generate_text
from core.training.weight_file import save_weights

T = TypeVar("T")
Events = Generator[Event, None, None]
Answered = tuple[npt.NDArray[Any], npt.NDArray[Any]]  # what is said, what is right: of each step, or in rows

# What `advance` finds among the events, and nobody else: here the run may be left for another, and here it waits for a command.
SUSPENDED: Event = {"event": "suspended"}
WAITING: Event = {"event": "waiting"}

# Times the loss of a guess that holds all classes alike, or, where real values are asked for, times the error of their mean
# (the loss is its square): at a clean training loss beyond it the weights have run away.
# Runs that learn anything stay below 1.3 at every evaluation, whatever the method and scaling; overfitting shows in
# validation alone. With Adam and clipped gradients a rate far too large (10) gives 25 to 35, but never what is no number.
RUNAWAY = 3


class _Stopped(Exception):
    """The user stopped the run."""


class Diverged(Exception):
    """The loss is no longer a number, or beyond all sense; the message says which."""


def train(
    experiment: Experiment,
    commands: Commands | None = None,
    show: int = 0,
    kept: Path | None = None,
    checkpoint: Checkpoint | None = None,
) -> Iterator[Event]:
    """Trains, and yields what happens as it happens; the last event is "done", "stopped" or "failed".

    show: for how many samples of each batch the records carry the predicted class at every step ("predicted",
    [show][T], -1 where nothing is asked; or the real value, scaled as the targets are, null where nothing is asked), as the
    masked network of that very update predicted it.
    kept: a file for the weights, written at every evaluation, at a pause and at the end.
    checkpoint: where the run is written down as it goes on; where one has been written, its events come again, and the run
    goes on after them with the numbers that it would have had anyway.
    Raises Invalid where the task cannot make its data, the device is not there, or the checkpoint is of no use.
    """
    yield from Trainer(experiment, commands or NoCommands(), show, kept, checkpoint).run()


def prepare(threads: int) -> None:
    """Makes this process ready to train, on so many threads: one, and the sums are in the same order everywhere."""
    keep_freed_memory()
    torch.set_num_threads(threads)


def device_of(name: str) -> torch.device:
    """The torch device of an experiment's `device`; "auto" is the fastest that is there. Raises Invalid."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device("cuda" if there["cuda"] else "cpu")
    if not there[name]:
        have = ", ".join(device for device, is_there in there.items() if is_there)
        raise Invalid(_("There is no {name} device on this machine; it has {have}.").format(name=name, have=have), "device")
    return torch.device(name)


class Trainer:
    """The state of one run; its methods are the phases."""

    def __init__(
        self,
        experiment: Experiment,
        commands: Commands,
        show: int,
        kept: Path | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.experiment, self.commands, self.show, self.kept = experiment, commands, show, kept
        self.checkpoint = checkpoint
        self.device = device_of(experiment.device)
        self.task = get_task(experiment.task)
        self.data = load_data(experiment)
        self.network = Network(self.data.tokens, self.data.classes, experiment).to(self.device)
        self.optimiser = Optimizer(self.network, experiment)
        self.total = experiment.updates or experiment.epochs * self.data.updates
        self.states = self.network.zero_states(experiment.batch)
        self.update = 0
        self.in_force = experiment  # as it was at the newest update: a change holds from the next one on
        self.unrecorded: dict[str, Any] | None = None  # what this update's record says beside an evaluation
        self.paused = False
        self.pause_at: int | None = None  # the update after which "step" pauses again
        self.catching_up = -1  # until this update the run only repeats what has been told before; no command is obeyed
        self.repeated: deque[Event] = deque()  # the changes that were made meanwhile
        self.best: dict[str, Any] = {"update": 0, "val_loss": math.inf}
        self.interruptible = False  # whether it is in `advance` that its events are asked for
        self.events: Iterator[Event] = iter(())
        self.spent = 0.0
        self.since: float | None = time.perf_counter()  # when this slice began; None between two
        if checkpoint:
            self.go_on(checkpoint)

    @property
    def seconds(self) -> float:
        """How long this run has trained; what was done between its slices does not count."""
        return round(self.spent + (0.0 if self.since is None else time.perf_counter() - self.since), 2)

    def run(self) -> Events:
        """The whole run, or the rest of it. The last event is "done", "stopped" or "failed"."""
        try:
            yield self.started()
            yield from self.noted()
            yield from self.test()
        except _Stopped:
            self.keep()
            yield {"event": "stopped", "update": self.update, "seconds": self.seconds}
        except Diverged as diverged:
            yield {"event": "failed", "update": self.update, "reason": self.why_diverged(str(diverged))}

    def advance(self, budget: float, emit: Callable[[Event], None], hurry: Callable[[], bool] = lambda: False) -> str:
        """Go on for about so many seconds, at least to the next place where a run can be left, and hand over each event as it
        happens. hurry: says that something more urgent has come. Return "used" (the budget), "paused" (nothing to do before the
        next command) or "ended". Never blocks."""
        if not self.interruptible:
            self.interruptible, self.events = True, self.run()
        self.since = begin = time.perf_counter()
        try:
            for event in self.events:
                if event is WAITING:
                    return "paused"
                if event is not SUSPENDED:
                    emit(event)
                elif time.perf_counter() - begin >= budget or hurry():
                    return "used"
            return "ended"
        finally:
            self.network.zero_grad()  # memory for the other runs
            self.spent, self.since = self.spent + time.perf_counter() - begin, None

    def started(self) -> Event:
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
            **gone,
        }

    def noted(self) -> Events:
        """The updates, with the events that the checkpoint has of those before; it hears of the new ones."""
        yield from self.checkpoint.list_events() if self.checkpoint else []
        for event in self.all_updates():
            if self.checkpoint and event is not SUSPENDED and event is not WAITING:
                self.checkpoint.add_event(event)
            yield event

    def all_updates(self) -> Events:
        """All that are still to be made, each with its record; before the first of all, the evaluation of the beginning."""
        if self.unrecorded is None and not self.update:
            self.unrecorded = {"train_loss": math.nan}
        if self.unrecorded is not None:
            yield from self.finish_update()
        while self.update < self.total:
            epoch, place = divmod(self.update, self.data.updates)
            for batch in islice(self.data.train(epoch), place, place + self.total - self.update):
                self.repeat_changes()
                yield from self.obey()
                self.update += 1
                self.in_force = self.experiment
                yield from self.one_update(batch)
                yield from self.count_step()
                yield from self.write_down()

    def one_update(self, batch: Batch) -> Events:
        """Change the weights once, and record it."""
        self.unrecorded = self.change_weights(batch)
        yield from self.evaluated(self.unrecorded)
        self.unrecorded = None

    def finish_update(self) -> Events:
        """What is left of an update whose weights are changed: the evaluation, and its record."""
        assert self.unrecorded is not None
        yield from self.evaluated(self.unrecorded)
        self.unrecorded = None
        yield from self.count_step()
        if self.update:
            yield from self.write_down()

    def change_weights(self, batch: Batch) -> dict[str, Any]:
        """Draw masks → forward through time → loss → backward → update. Returns what its record says of it."""
        e, losses = self.experiment, dict(self.experiment.placement.losses)
        if batch.starts_sequence:
            self.states = self.network.zero_states(e.batch)
        passes = [forward(self.network, batch, self.states, self.masks(batch, n)) for n in range(count_passes(losses))]
        first, loss = passes[0], total_loss(passes, losses, e.loss)
        self.check(loss.item())
        self.network.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step(e, (self.update - 1) // self.data.updates, len(batch.x))
        self.states = [tuple(part.detach() for part in state) for state in first.states]
        shown = {"predicted": list_sample_predictions(first.scores, batch, self.show)} if self.show else {}
        return {"train_loss": first.loss.item() if len(first.scores) else math.nan, **shown}

    def masks(self, batch: Batch, pass_index: int) -> dict[str, Tensor]:
        """The masks of this update, drawn for one of its forward passes."""
        return to_torch(expand_word_masks(draw_update_masks(self.experiment, self.update, pass_index), batch.x), self.device)

    def evaluated(self, record_of: dict[str, Any]) -> Events:
        """The record of this update, with an evaluation at the start, at the end of each epoch and at the very end."""
        due = self.update % self.data.updates == 0 or self.update == self.total
        evaluated = (yield from self.evaluate()) if due else None
        if due:
            self.keep()
        yield make_record(self.update, self.update / self.data.updates, evaluated=evaluated, **record_of)
        if evaluated and self.update and self.optimiser.evaluated(self.experiment, evaluated["val_loss"]):
            yield {"event": "averaging", "update": self.update}
        times = RUNAWAY**2 if self.data.is_regression else RUNAWAY
        if evaluated and evaluated["train_loss_clean"] > times * self.data.guess_loss:
            raise Diverged(
                _(
                    "The clean training loss has grown to {loss:.3g}, more than {times} times that of a plain "
                    "guess, at update {update}"
                ).format(loss=evaluated["train_loss_clean"], times=times, update=self.update)
            )

    def evaluate(self) -> Generator[Event, None, dict[str, Any]]:
        """Validation, and as many windows of the training part, without masks."""
        windows = sum(1 for _window in self.data.split("validation"))
        masks = self.test_masks()
        validation = yield from self.clean("validation", windows, masks)
        training = yield from self.clean("train", windows, masks)
        text = yield from self.in_steps(
            generate_text(self.optimiser.evaluation_network, self.data, masks, self.experiment.data_seed)
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
        """What stands for the masks in an evaluation: their values at test. Nothing is drawn."""
        return to_torch(
            get_test_time_values(self.in_force.placement.resolve_schedules(self.update), self.in_force.shape), self.device
        )

    def clean(self, part: str, windows: int, masks: dict[str, Tensor]) -> Generator[Event, None, dict[str, Any]]:
        """Loss and metrics of a part of the data, under the masks of an evaluation, and what is shown of the answers; of the
        training part the loss alone."""
        e, found, network = self.experiment, Predictions(), self.optimiser.evaluation_network
        names = self.task.metrics if part != "train" else ()
        states = network.zero_states(e.batch)
        for batch in islice(self.data.split(part), windows):
            yield from self.obey()
            if batch.starts_sequence:
                states = network.zero_states(e.batch)
            with torch.no_grad():
                one = forward(network, batch, states, masks)
            starts = [states] if names else []
            answered = yield from self.answered(one.scores, batch, starts, [lambda _x, _step: masks])
            found.add(one.loss.item(), *answered)
            states = one.states
        self.check(found.total)
        return found.metrics(names, self.data) | {"shown": found.summarize(self.data, part)}

    def answered(
        self, scores: Tensor, batch: Batch, starts: Sequence[list[State]], ways: Sequence[StepMasks]
    ) -> Generator[Event, None, Answered]:
        """What is said to a window, and what is right: by the scores; or, where answers are read again, what is written from
        these states on, if any."""
        if self.data.feedback is None or not starts:
            return compute_predictions(scores), batch.y[batch.target_mask]
        said = yield from self.in_steps(
            generate_answers(self.optimiser.evaluation_network, batch, self.data.feedback, starts, ways)
        )
        return said, collect_rows(batch.y, batch.target_mask)

    def test(self) -> Events:
        windows = sum(1 for _window in self.data.split("test"))
        test = yield from self.clean("test", windows, self.test_masks())
        metrics = {name: test[name] for name in self.task.metrics} | {"loss": test["loss"], "baseline": self.data.baseline}
        if self.in_force.monte_carlo:
            drawn = yield from self.monte_carlo()
            metrics |= {f"{name}_monte_carlo": drawn[name] for name in (*self.task.metrics, "loss")}
        yield {
            "event": "done",
            "test": metrics,
            "baselines": self.data.baselines["test"],
            "validation_baselines": self.data.baselines["validation"],
            **{f"test_{name}": value for name, value in test["shown"].items()},
            "best": self.best,
            "update": self.update,
            "seconds": self.seconds,
        }

    def monte_carlo(self) -> Generator[Event, None, dict[str, float]]:
        """Loss and metrics of the test part with masks on: the mean of the probabilities, or of the values, of many passes."""
        e, found = self.in_force, Predictions()
        states = [self.network.zero_states(e.batch)] * e.monte_carlo
        for n, batch in enumerate(self.data.split("test"), start=1):
            if batch.starts_sequence:
                states = [self.network.zero_states(e.batch)] * e.monte_carlo
            passes = yield from self.drawn(batch, states, n)
            right = batch.y[batch.target_mask]
            if self.data.is_regression:
                mean = torch.stack([one.scores for one in passes]).mean(0).cpu()
                sums = (mean[:, 0] - torch.from_numpy(right)).square()
            else:
                mean = torch.stack([one.scores.softmax(-1) for one in passes]).mean(0).cpu()
                sums = -mean[torch.arange(len(right)), torch.from_numpy(right)].log()
            ways = [partial(self.test_draw, n, pass_index) for pass_index in range(e.monte_carlo)]
            answered = yield from self.answered(mean, batch, states, ways)
            found.add(sums.mean().item() if len(right) else 0.0, *answered)
            states = [one.states for one in passes]
        return found.metrics(self.task.metrics, self.data)

    def drawn(self, batch: Batch, states: list[Any], window: int) -> Generator[Event, None, list[ForwardPass]]:
        """The forward passes of one test window."""
        passes = []
        for n, state in enumerate(states):
            yield from self.obey()
            with torch.no_grad():
                passes.append(forward(self.optimiser.evaluation_network, batch, state, self.test_draw(window, n, batch.x)))
        return passes

    def test_draw(self, window: int, pass_index: int, x: Ints | Reals, step: slice = slice(None)) -> dict[str, Tensor]:
        """The masks of a pass over these steps x of a test window, such as no update of the training has drawn."""
        drawn = draw_update_masks(self.in_force, self.total + window, pass_index)
        now = {name: mask[step] if len(mask) > 1 else mask for name, mask in drawn.items()}
        return to_torch(expand_word_masks(now, x), self.device)

    def breathe(self) -> Events:
        """A place where the run may be left for another one."""
        if self.interruptible:
            yield SUSPENDED

    def in_steps(self, steps: Generator[None, None, T]) -> Generator[Event, None, T]:
        """The result of a long computation, left between two of its steps where other runs wait."""
        while True:
            try:
                next(steps)
            except StopIteration as finished:
                result: T = finished.value
                return result
            yield from self.breathe()

    def obey(self) -> Events:
        """Acts on the commands that have come; while paused, waits for the next."""
        yield from self.breathe()
        while not self.repeats:
            command = self.commands.next_command(wait=self.paused and not self.interruptible)
            if command is not None:
                yield from self.act(command)
            elif self.paused and self.interruptible:
                yield WAITING
            else:
                return

    def act(self, command: Command) -> Events:
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
                # The step of a run that was paused within an evaluation is to finish the update that this belongs to.
                made = self.update - (self.unrecorded is not None and self.update > 0)
                self.paused, self.pause_at = False, max(made, self.pause_at or 0) + 1
                yield {"event": "state", "state": "running", "until": self.pause_at}

    def pause(self) -> Event:
        self.paused, self.pause_at = True, None
        self.keep()
        return {"event": "state", "state": "paused"}

    def count_step(self) -> Events:
        """After an update: pauses when as many were made as "step" was said."""
        if self.pause_at is not None and self.update >= self.pause_at:
            yield self.pause()

    def change(self, command: Command) -> Event:
        """Changes what may change during a run; holds from the next update on."""
        what = {name: command[name] for name in CHANGEABLE_FIELDS if name in command}
        self.experiment = apply_changes(self.experiment, [command])
        return {"event": "changed", "update": self.update, **what}

    @property
    def repeats(self) -> bool:
        """Whether what the run does now has been told before."""
        return self.update - (self.unrecorded is not None) < self.catching_up

    def repeat_changes(self) -> None:
        """Between two updates: makes the changes again that were made here before the run was interrupted."""
        while self.repeated and self.repeated[0]["update"] <= self.update:
            self.experiment = apply_changes(self.experiment, [self.repeated.popleft()])

    def resume(self, told: int, changes: Iterable[Event], paused: bool, pause_at: int | None) -> None:
        """Go on where the run was interrupted, which may be later than where it was saved. told: the newest update whose record
        was given away, -1 for none; changes: the "changed" events so far; paused, pause_at: as the run was then."""
        self.catching_up = told
        # One more than needed: a change while an evaluation is unfinished counts from the record before, and once more is no
        # change.
        self.repeated = deque(one for one in changes if one["update"] >= self.update - 1)
        self.paused, self.pause_at = paused and not self.repeats, pause_at
        if paused and not self.paused:
            self.pause_at = told

    def state(self) -> dict[str, Any]:
        """All that the rest of the run depends on, beside the experiment."""
        return {
            "update": self.update,
            "weights": self.network.state_dict(),
            "optimiser": self.optimiser.state(),
            "states": self.states,
            "best": self.best,
            "seconds": self.seconds,
        }

    def restore(self, found: dict[str, Any]) -> None:
        """Goes on from what `state` gave."""
        self.update, self.best, self.spent = found["update"], found["best"], found["seconds"]
        self.network.load_state_dict(found["weights"])
        self.optimiser.restore(found["optimiser"])
        self.states = [tuple(part.to(self.device) for part in state) for state in found["states"]]

    def go_on(self, checkpoint: Checkpoint) -> None:
        """From where the run was written down; a new one writes itself down, so that a file that cannot be is known at once."""
        found = checkpoint.load(self.experiment, self.data)
        if found is None:
            checkpoint.write(self.state())
            return
        self.restore(found)

    def write_down(self) -> Events:
        """After an update: in the checkpoint, where that is due. A full disk costs no run; it is said."""
        if not self.checkpoint or (self.update % self.checkpoint.interval and self.update < self.total):
            return
        try:
            self.checkpoint.write(self.state())
        except Invalid as invalid:
            yield {"event": "unsaved", "update": self.update, "reason": str(invalid)}

    def keep(self) -> None:
        """Writes the weights down, where there is a place for them."""
        if self.kept:
            save_weights(self.optimiser.evaluation_network, self.update, self.kept)

    def check(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise Diverged(_("The loss is no longer a number since update {update}").format(update=self.update))

    def why_diverged(self, what: str) -> str:
        return _(
            "{what}: the weights have run away. A learning rate of {rate} is too large here, or the masks' scale grows "
            "without bound; lower one of them."
        ).format(what=what, rate=self.experiment.learning_rate)
