"""Training.

Oracles: the same run again; a training loop written here with nn.LSTM; the masks of `draw_masks` for the settings in force;
and, for what must not happen, functions that fail when they are called.
"""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core.dropout import masks as drawing
from core.dropout.masks import draw_masks
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement, placement_to_plain
from core.errors import Invalid
from core.experiment.batches import batch_at, count_updates, draw_update_masks, load_data
from core.experiment.experiment import Experiment, build_experiment
from core.nn.network import Network
from core.training import trainer
from core.training.events import Command, Event
from core.training.trainer import train

pytestmark = pytest.mark.usefixtures("one_thread")

TINY: dict[str, Any] = {"layers": 2, "hidden": 6, "device": "cpu"}
RECALL = build_experiment("delayed-recall", {"lag": 3, "sequences": 128}, **TINY, batch=32, epochs=2, learning_rate=0.01)
WORDS = build_experiment("language-model", {"words": 2000}, **TINY, steps=15, epochs=2)
BOTH = pytest.mark.parametrize("experiment", [RECALL, WORDS], ids=["recall", "words"])


class ScriptedCommands:
    """Commands that are given in order right after the record of an update; a paused run gets the next ones at once."""

    def __init__(self, after: dict[int, list[Command]]) -> None:
        self.after, self.due = after, list[Command]()

    def on_event(self, event: Event) -> None:
        if event["event"] == "record":
            self.due += self.after.pop(event["update"], [])

    def next_command(self, wait: bool) -> Command | None:
        assert self.due or not wait, "the run waits for a command that never comes"
        return self.due.pop(0) if self.due else None


def run(experiment: Experiment, after: dict[int, list[Command]] | None = None, show: int = 0) -> list[Event]:
    """Return all events, without their seconds."""
    commands, events = ScriptedCommands(after or {}), []
    for event in train(experiment, commands, show):
        commands.on_event(event)
        events.append({name: value for name, value in event.items() if name != "seconds"})
    return events


def select_records(events: list[Event]) -> list[Event]:
    return [event for event in events if event["event"] == "record"]


def train_losses(events: list[Event]) -> list[float]:
    return [event["train_loss"] for event in select_records(events)]


def summarize_events(events: list[Event]) -> list[str | int]:
    """Return the numbers of the updates, and the events between them."""
    return [int(e["update"]) if e["event"] == "record" else str(e.get("state", e["event"])) for e in events]


@BOTH
def test_the_same_experiment_gives_the_same_numbers_again(experiment: Experiment) -> None:
    gal = replace(experiment, placement=METHODS["gal2016"].build_placement())
    assert run(gal, show=2) == run(gal, show=2)


@BOTH
@pytest.mark.parametrize("seed", ["data_seed", "weight_seed", "mask_seed"])
def test_each_seed_changes_the_run(experiment: Experiment, seed: str) -> None:
    seeds: list[dict[str, Any]] = [{seed: 1}, {seed: 2}]
    one, two = (train_losses(run(replace(experiment, **change, updates=3)))[1:] for change in seeds)
    assert all(a != b for a, b in zip(one, two, strict=True))


@BOTH
def test_what_the_events_say(experiment: Experiment) -> None:
    events, data = run(experiment), load_data(experiment)
    started, done, all_records = events[0], events[-1], select_records(events)
    assert started["updates"] == 2 * data.updates == count_updates(experiment) == done["update"]
    assert [r["update"] for r in all_records] == list(range(started["updates"] + 1))
    assert [r["epoch"] for r in all_records] == [round(r["update"] / data.updates, 4) for r in all_records]
    assert [r["update"] for r in all_records if r["val_loss"] is not None] == [0, data.updates, 2 * data.updates]
    assert all_records[0]["train_loss"] is None
    assert all(r["train_loss"] > 0 for r in all_records[1:])
    best = min((r for r in all_records if r["val_loss"] is not None), key=lambda r: r["val_loss"])
    assert done["best"] == {"update": best["update"], "val_loss": best["val_loss"]}
    assert done["test"]["baseline"] == started["baseline"] == data.baseline
    assert {"validation": done["validation_baselines"], "test": done["baselines"]} == data.baselines


@BOTH
def test_against_a_loop_with_nn_lstm(experiment: Experiment) -> None:
    """Without masks, a few updates and evaluations equal an ordinary PyTorch training from the same weights and batches."""
    e = replace(experiment, placement=Placement(), updates=4, clip=0.02)
    data, recorded = load_data(e), select_records(run(e))
    network = Network(data.tokens, data.classes, e)
    lstm, embedding, decoder = nn.LSTM(6, 6, 2), nn.Parameter(network.embedding.detach()), nn.Linear(6, data.classes)
    with torch.no_grad():
        for layer in range(2):
            for name, value in (("weight_ih", network.W), ("weight_hh", network.U), ("bias_ih", network.b)):
                getattr(lstm, f"{name}_l{layer}").copy_(value[layer])
            getattr(lstm, f"bias_hh_l{layer}").zero_().requires_grad_(False)
        decoder.weight.copy_(network.decoder)
        decoder.bias.copy_(network.decoder_bias)
    trained = [embedding, *(p for p in (*lstm.parameters(), *decoder.parameters()) if p.requires_grad)]
    optimiser, state = torch.optim.Adam(trained, lr=e.learning_rate), None

    def loss_of(batch: Any, state: Any) -> tuple[Tensor, Any]:
        x, y = torch.from_numpy(batch.x), torch.from_numpy(batch.y)
        h, state = lstm(embedding[x], None if batch.starts_sequence else state)
        return nn.functional.cross_entropy(decoder(h).flatten(0, 1), y.flatten(), ignore_index=-1), state

    def clean_loss(split: str, windows: int) -> float:
        total, count, state = 0.0, 0, None
        for batch, _n in zip(data.split(split), range(windows), strict=False):
            loss, state = loss_of(batch, state)
            targets = int((batch.y >= 0).sum())
            total, count = total + loss.item() * targets, count + targets
        return total / count

    windows = len(list(data.split("validation")))
    assert recorded[0]["val_loss"] == pytest.approx(clean_loss("validation", windows), rel=1e-5)
    for record, batch in zip(recorded[1:], data.train(0), strict=False):
        loss, state = loss_of(batch, state)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(trained, e.clip)
        optimiser.step()
        state = tuple(part.detach() for part in state)
        assert record["train_loss"] == pytest.approx(loss.item(), rel=1e-5)
    assert recorded[4]["val_loss"] == pytest.approx(clean_loss("validation", windows), rel=1e-5)
    assert recorded[4]["train_loss_clean"] == pytest.approx(clean_loss("train", windows), rel=1e-5)


@BOTH
def test_placements_share_data_and_initial_weights(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every window that the network reads, and its predictions before the first update, are the same."""
    windows_read: list[list[bytes]] = []
    forward = Network.forward

    def spy(self: Network, x: Tensor, *rest: Any) -> Any:
        if x.shape[1] > 1:  # a single sample is a text that the network generates
            windows_read[-1].append(x.numpy().tobytes())
        return forward(self, x, *rest)

    monkeypatch.setattr(Network, "forward", spy)
    first = []
    for name in ("none", "zaremba2014", "gal2016", "moon2015"):
        windows_read.append([])
        first.append(select_records(run(replace(experiment, placement=METHODS[name].build_placement())))[0])
    assert windows_read[1:] == windows_read[:-1]
    assert first[1:] == first[:-1]
    assert first[0]["val_loss"] > 0


@BOTH
@pytest.mark.parametrize("method", [name for name, row in METHODS.items() if "lstm" in row.cells])
def test_rate_0_is_none(experiment: Experiment, method: str) -> None:
    none, zero = (
        replace(experiment, updates=3, placement=placement)
        for placement in (Placement(), replace(METHODS[method].build_placement(0), losses=()))
    )
    assert run(zero) == run(none)


def test_the_masks_that_train_are_those_that_draw_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """The masks that the network receives are equal bit for bit."""
    received: list[dict[str, bytes]] = []
    forward = Network.forward

    def spy(self: Network, x: Tensor, states: Any, masks: dict[str, Tensor]) -> Any:
        if torch.is_grad_enabled():
            received.append({name: mask.numpy().tobytes() for name, mask in masks.items()})
        return forward(self, x, states, masks)

    monkeypatch.setattr(Network, "forward", spy)
    e = replace(RECALL, placement=METHODS["naive-cell"].build_placement(), mask_seed=12)
    run(e)
    assert len(received) == count_updates(e)
    for update, masks in enumerate(received, start=1):
        assert masks == {name: mask.tobytes() for name, mask in draw_masks(e.placement, e.shape, 12, update).items()}


@BOTH
def test_an_evaluation_draws_nothing(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one draw for each update, none for the evaluations between them or the test at the end."""
    updates: list[int] = []

    def count_draws(experiment: Experiment, update: int, pass_index: int) -> Any:
        updates.append(update)
        return draw_update_masks(experiment, update, pass_index)

    monkeypatch.setattr(trainer, "draw_update_masks", count_draws)
    events = run(experiment)
    assert updates == list(range(1, events[0]["updates"] + 1))

    def fail(*_arguments: object) -> None:
        raise AssertionError("an evaluation drew")

    monkeypatch.setattr(trainer, "draw_update_masks", fail)
    monkeypatch.setattr(drawing, "_make_generator", fail)
    events_of = train(experiment)
    assert next(events_of)["event"] == "started"
    assert next(events_of)["val_loss"] > 0
    with pytest.raises(AssertionError, match="an evaluation drew"):
        next(events_of)


def test_an_evaluation_multiplies_by_what_stands_for_the_masks_at_test(monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[dict[str, list[Any]]] = []
    forward = Network.forward

    def spy(self: Network, x: Tensor, states: Any, masks: dict[str, Tensor]) -> Any:
        if not torch.is_grad_enabled():
            received.append({name: mask.tolist() for name, mask in masks.items()})
        return forward(self, x, states, masks)

    monkeypatch.setattr(Network, "forward", spy)
    sites = {"input": Dropout(0.5), "candidate": Dropout(0.25, scaling="test"), "cell": Dropout(0.5, scaling="none")}
    run(replace(RECALL, placement=Placement.from_sites(sites), updates=1))
    assert received
    assert all(masks == {"candidate.1": [[[0.75]]], "candidate.2": [[[0.75]]]} for masks in received)


def test_the_state_is_carried_and_a_sequence_mask_lasts_one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[tuple[Any, Any, dict[str, Tensor]]] = []
    forward = Network.forward

    def spy(self: Network, x: Tensor, states: Any, masks: dict[str, Tensor]) -> Any:
        h, after = forward(self, x, states, masks)
        if torch.is_grad_enabled():
            passes.append((states, after, masks))
        return h, after

    monkeypatch.setattr(Network, "forward", spy)
    run(replace(WORDS, placement=METHODS["gal2016"].build_placement(), epochs=2))
    updates = load_data(WORDS).updates
    assert len(passes) == 2 * updates > 4
    for n, (states, _after, masks) in enumerate(passes):
        expected = passes[n - 1][1] if n % updates else [(torch.zeros(20, 6),) * 2] * 2
        for state, carried in zip(states, expected, strict=True):
            assert all(torch.equal(a, b) for a, b in zip(state, carried, strict=True)), f"update {n + 1}"
        assert all(len(mask) == 1 for name, mask in masks.items() if name != "words.1")  # expanded by token
        if n:
            assert any(not torch.equal(mask, passes[n - 1][2][name]) for name, mask in masks.items())


def test_recall_starts_every_sequence_at_zero() -> None:
    assert all(batch.starts_sequence for batch in load_data(RECALL).train(0))


def test_a_window_in_which_nothing_is_asked_teaches_nothing_and_breaks_nothing() -> None:
    """With one sample and two steps, some windows hold only unknown words, which are never targets."""
    e = build_experiment("language-model", {"words": 2000}, hidden=2, layers=1, batch=1, steps=2, updates=150, device="cpu")
    empty = {update for update in range(1, 151) if (batch_at(e, update).y < 0).all()}
    events = run(e)
    assert empty
    assert events[-1]["event"] == "done"
    assert {r["update"] for r in select_records(events)[1:] if r["train_loss"] is None} == empty


def test_a_run_that_diverges_stops_and_says_why() -> None:
    """A cell mask at rate 0.9, shared over 200 steps and scaled by 1/(1-p), multiplies the kept cells by 10 at each step."""
    grows = Placement.from_sites({"cell": Dropout(0.9, time="sequence")})
    e = build_experiment("delayed-recall", {"lag": 100, "sequences": 64}, **TINY, steps=200, learning_rate=2.5, placement=grows)
    events = run(e)
    assert events[-1]["event"] == "failed"
    assert events[-1]["update"] < count_updates(e)
    assert f"no longer a number since update {events[-1]['update']}" in events[-1]["reason"]
    assert "learning rate of 2.5" in events[-1]["reason"]
    assert all(math.isfinite(r["train_loss"]) for r in select_records(events)[1:])


def test_a_loss_beyond_all_sense_ends_the_run_although_it_is_a_number() -> None:
    e = build_experiment("delayed-recall", {"lag": 5, "sequences": 64}, **TINY | {"hidden": 32}, learning_rate=10.0)
    events = run(e)
    assert events[-1]["event"] == "failed"
    assert "learning rate of 10" in events[-1]["reason"]
    last = [r for r in select_records(events) if r["train_loss_clean"] is not None][-1]
    assert last["update"] == events[-1]["update"], "the evaluation that ended it can be seen"
    assert last["train_loss_clean"] > trainer.DIVERGENCE_FACTOR * math.log(8)


@pytest.mark.parametrize("rate", [0.003, 0.3])
def test_a_high_rate_that_does_not_run_away_finishes(rate: float) -> None:
    events = run(build_experiment("delayed-recall", {"lag": 5, "sequences": 64}, **TINY | {"hidden": 32}, learning_rate=rate))
    assert events[-1]["event"] == "done"


def test_what_a_run_cannot_begin_with_is_invalid() -> None:
    with pytest.raises(Invalid, match="64 training sequences do not fill one batch of 100"):
        run(build_experiment("delayed-recall", {"sequences": 64}, batch=100))
    if not torch.cuda.is_available():
        with pytest.raises(Invalid, match="There is no cuda device on this machine; it has cpu"):
            run(replace(RECALL, device="cuda"))


def test_the_predictions_of_the_shown_samples() -> None:
    e = replace(RECALL, updates=2)
    shown = select_records(run(e, show=3))[1]["predicted"]
    call_count = batch_at(e, 1).y.T[:3] >= 0
    assert [[answer >= 0 for answer in row] for row in shown] == call_count.tolist()
    assert all(answer < 8 for row in shown for answer in row)
    assert "predicted" not in select_records(run(e))[1]


def change(**what: Any) -> Command:
    return {"command": "change", **what}


def test_a_change_of_placement_holds_from_the_next_update(monkeypatch: pytest.MonkeyPatch) -> None:
    draws: list[tuple[int, Placement, int]] = []

    def spy(experiment: Experiment, update: int, pass_index: int) -> Any:
        draws.append((update, experiment.placement, experiment.mask_seed))
        return draw_update_masks(experiment, update, pass_index)

    monkeypatch.setattr(trainer, "draw_update_masks", spy)
    e, other = replace(RECALL, updates=6), METHODS["naive-state"].build_placement(0.4)
    events = run(e, {2: [change(placement=placement_to_plain(other))], 4: [change(mask_seed=99)]})
    assert summarize_events(events) == ["started", 0, 1, 2, "changed", 3, 4, "changed", 5, 6, "done"]
    assert [event["update"] for event in events if event["event"] == "changed"] == [2, 4]
    assert draws == [(update, e.placement if update <= 2 else other, 7 if update <= 4 else 99) for update in range(1, 7)]
    assert train_losses(events)[:3] == train_losses(run(e))[:3]


def test_a_change_of_the_learning_rate_holds_from_the_next_update() -> None:
    """Update 3 starts from the same weights but changes them by another amount, so update 4 is the first to differ."""
    e = replace(RECALL, updates=5)
    changed, unchanged = train_losses(run(e, {2: [change(learning_rate=0.5)]})), train_losses(run(e))
    assert changed[:4] == unchanged[:4]
    assert all(a != b for a, b in zip(changed[4:], unchanged[4:], strict=True))
    assert changed == train_losses(run(e, {2: [change(learning_rate=0.1), change(learning_rate=0.5)]}))


def test_a_change_and_back_is_no_change() -> None:
    e = replace(RECALL, updates=5)
    there_and_back = [change(placement={}, mask_seed=1), change(placement=placement_to_plain(e.placement), mask_seed=7)]
    assert select_records(run(e, {2: there_and_back})) == select_records(run(e))


def test_pause_step_and_resume() -> None:
    def make_commands(*names: str) -> list[Command]:
        return [{"command": name} for name in names]

    e = replace(RECALL, updates=5)
    events = run(e, {1: make_commands("pause", "pause", "step"), 2: make_commands("step"), 3: make_commands("resume")})
    assert summarize_events(events) == [
        "started",
        0,
        1,
        "paused",
        "running",
        2,
        "paused",
        "running",
        3,
        "paused",
        "running",
        4,
        5,
        "done",
    ]
    assert select_records(events) == select_records(run(e))
    twice = run(e, {1: make_commands("step", "step"), 3: make_commands("resume")})
    assert summarize_events(twice) == ["started", 0, 1, "running", "running", 2, 3, "paused", "running", 4, 5, "done"]


@pytest.mark.parametrize("chunk", [0, 1, 2])
def test_stop_acts_between_two_chunks_of_an_evaluation(chunk: int) -> None:
    class StopAt:
        """A source that stops the run at the given request, while the evaluation before the first update still goes on."""

        call_count = -1

        def next_command(self, wait: bool) -> Command | None:
            self.call_count += 1
            return {"command": "stop"} if self.call_count == chunk else None

    events = [event["event"] for event in train(RECALL, StopAt())]
    assert events == ["started", "stopped"]


def test_stop_between_updates() -> None:
    events = run(RECALL, {2: [{"command": "stop"}]})
    assert summarize_events(events) == ["started", 0, 1, 2, "stopped"]
    assert events[-1]["update"] == 2


def test_several_threads_give_the_same_numbers_again() -> None:
    """The language model's default is large enough for the threads to share its work."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        first, second = (select_records(list(train(build_experiment(updates=12)))) for _run in range(2))
    finally:
        torch.set_num_threads(before)
    assert first == second
