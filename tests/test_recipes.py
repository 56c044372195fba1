"""Recipes.

Oracles: the papers' tables, repeated here; for the updates, each paper's algorithm in plain PyTorch and float64, with the masks
of the run.
"""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from core.errors import Invalid
from core.experiment.batches import batch_at, count_updates, draw_update_masks, load_data
from core.experiment.experiment import Experiment, build_experiment
from core.experiment.recipes import RECIPES, build_recipe_experiment, get_recipe
from core.nn.network import Network
from core.tasks.task import Batch
from core.training.events import NoCommands
from core.training.optimizer import AVERAGING_PATIENCE, Optimizer, learning_rate_at
from core.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("one_thread")

# Units, range of the initial weights, rate, unrolled steps, clip, epochs, divisor, epochs at the initial learning rate.
ZAREMBA = {
    "small": (200, 0.1, 0.0, 20, 5, 13, 2, 4),
    "medium": (650, 0.05, 0.5, 35, 5, 39, 1.2, 6),
    "large": (1500, 0.04, 0.65, 35, 10, 55, 1.15, 14),
}
RATES = {"medium": (0.2, 0.35), "large": (0.3, 0.5)}  # Gal & Ghahramani: words and state; input, between and output


@pytest.mark.parametrize("size", ZAREMBA)
def test_zarembas_table(size: str) -> None:
    units, init, rate, steps, clip, epochs, divisor, constant_epochs = ZAREMBA[size]
    e = build_recipe_experiment(get_recipe(f"zaremba2014-{size}"))
    assert (e.layers, e.widths, e.shape.embedding, e.batch) == (2, (units, units), units, 20)
    assert (e.init_range, e.forget_bias, e.steps, e.clip, e.epochs) == (init, None, steps, clip, epochs)
    assert (e.optimiser, e.loss, e.weight_decay, e.windows, e.states, e.decoder) == ("sgd", "sum", 0, "equal", "carried", "own")
    assert {site.name: dropout.rate for site, dropout in e.placement} == (
        dict.fromkeys(("input", "between", "output"), rate) if rate else {}
    )
    rates = [learning_rate_at(e, epoch) for epoch in range(epochs)]
    assert rates == pytest.approx([1.0] * constant_epochs + [divisor**-n for n in range(1, epochs - constant_epochs + 1)])


@pytest.mark.parametrize("method", ["gal2016", "gal2016-untied"])
@pytest.mark.parametrize("size", RATES)
def test_gals_networks_are_zarembas_with_other_masks(method: str, size: str) -> None:
    e, theirs = (
        build_recipe_experiment(get_recipe(f"{method}-{size}")),
        build_recipe_experiment(get_recipe(f"zaremba2014-{size}")),
    )
    low, high = RATES[size]
    rates = {"words": low, "input": high, "between": high, "output": high, "state": low}
    assert {site.name: dropout.rate for site, dropout in e.placement} == rates
    assert all(dropout.time == "sequence" for _site, dropout in e.placement)
    assert e.method == method
    changed: dict[str, Any] = {
        "placement": theirs.placement,
        "weight_decay": 0.0,
        "monte_carlo": 0,
        "decay_after": theirs.decay_after,
    }
    assert replace(e, **changed) == theirs
    assert e.weight_decay == 1e-7


def test_the_awd_lstm() -> None:
    e = build_recipe_experiment(get_recipe("merity2017"))
    assert (e.layers, e.shape.embedding, e.widths, e.decoder) == (3, 400, (1150, 1150, 400), "tied")
    assert (e.batch, e.steps, e.windows, e.optimiser) == (20, 70, "varied", "nt-asgd")
    assert (e.learning_rate, e.decay, e.clip, e.weight_decay) == (30, 1, 0.25, 1.2e-6)
    assert {site.name: dropout.rate for site, dropout in e.placement} == {
        "words": 0.1,
        "input": 0.4,
        "between": 0.25,
        "output": 0.4,
        "recurrent_weights": 0.5,
    }
    assert dict(e.placement.losses) == {"ar": 2, "tar": 1}
    assert AVERAGING_PATIENCE == 5


def test_the_zoneout_network() -> None:
    """The network is that in the log of the authors' repository, whose rates are those of the update: .5 and .95."""
    e = build_recipe_experiment(get_recipe("krueger2016-char"))
    assert (e.task, e.cell, e.layers, e.widths, e.batch, e.steps) == ("character-model", "lstm", 1, (1000,), 32, 100)
    assert (e.optimiser, e.learning_rate, e.decay, e.clip, e.weight_decay) == ("adam", 0.002, 1, 1, 0)
    assert (e.loss, e.states, e.forget_bias) == ("mean", "fresh", 1)
    assert {site.name: dropout.rate for site, dropout in e.placement} == {"zoneout_cell": 1 - 0.5, "zoneout_state": 0.05}


def test_every_recipe_has_the_results_of_its_paper() -> None:
    reported = {name: row.reported[0].value for name, row in RECIPES.items()}
    assert reported["zaremba2014-medium"] == "86.2 / 82.7"
    assert reported["gal2016-untied-large"] == "77.9 / 75.2"
    assert all(row.citation and row.differs for row in RECIPES.values())


def test_a_recipe_that_does_not_exist() -> None:
    with pytest.raises(Invalid, match=r"There is no recipe “zaremba2014-middle”; did you mean .*zaremba2014-medium"):
        get_recipe("zaremba2014-middle")
    for scale in (0.0, -1.0, 1.01, math.nan):
        with pytest.raises(Invalid, match=r"The scale is .*; it must be a number above 0 and at most 1"):
            build_recipe_experiment(RECIPES["merity2017"], scale)


@pytest.mark.parametrize("name", RECIPES)
def test_scaled_down(name: str) -> None:
    """A tenth of the widths, at most a tenth of the updates; the learning rate falls as far as in the paper."""
    row, small = RECIPES[name], build_recipe_experiment(RECIPES[name], 0.1)
    full = build_experiment(row.task, **row.fields)
    assert small.widths == tuple(max(8, round(width / 10)) for width in full.widths)
    assert (small.batch, small.steps, small.placement, small.clip) == (full.batch, full.steps, full.placement, full.clip)
    updates = min(6000, 0.1 * full.epochs * next(iter(row.size.values())) / (full.batch * full.steps))
    assert count_updates(small) == pytest.approx(updates, rel=0.02)
    last, theirs = math.log(learning_rate_at(small, small.epochs - 1)), math.log(learning_rate_at(full, full.epochs - 1))
    assert last == pytest.approx(theirs, rel=0.05)
    assert build_recipe_experiment(row, 0.1, hidden=9, embedding=9, epochs=2).epochs == 2


def test_scaled_down_on_a_text_that_is_read_once() -> None:
    e = build_recipe_experiment(RECIPES["zaremba2014-small"], 0.1, batch=1)
    assert (e.epochs, e.decay_after, learning_rate_at(e, 0)) == (1, 1, 1)


# The papers' algorithms. Each update: draw the masks (here those of the run), forward, loss, backward, clip, step.
MIN_SIZES = {"words": 2000, "characters": 10_000}  # of a training split


class PaperModel:
    """The language model of a paper in plain PyTorch and float64, with the initial weights of the run."""

    def __init__(self, network: Network, e: Experiment) -> None:
        self.e, self.adam = e, list[tuple[Tensor, Tensor]]()
        named = dict(network.named_parameters())
        self.weights = {name: one.detach().clone().requires_grad_() for name, one in named.items()}
        self.masks: dict[str, Tensor] = {}

    def mask(self, site: str, layer: int, t: int, gate: str = "") -> Any:
        """Return the mask of a step, [B, units], or 1."""
        mask = self.masks.get(f"{site}.{layer}.{gate}", self.masks.get(f"{site}.{layer}"))
        return 1.0 if mask is None else mask[min(t, len(mask) - 1)]

    def step(self, layer: int, t: int, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Run one LSTM step gate by gate, with masks on the input, h and U, and zoneout of c and h."""
        a = {}
        below = "input" if layer == 1 else "between"
        parts = zip("ifgo", *(self.weights[f"{name}.{layer - 1}"].chunk(4) for name in "WUb"), strict=True)
        for gate, W, U, b in parts:
            M = self.mask("recurrent_weights", layer, t, gate)
            U_kept = U if isinstance(M, float) else M[0] * U
            a[gate] = (self.mask(below, layer, t, gate) * x) @ W.T + (self.mask("state", layer, t, gate) * h) @ U_kept.T + b
        c_new = torch.sigmoid(a["f"]) * c + torch.sigmoid(a["i"]) * torch.tanh(a["g"])
        h_new = torch.sigmoid(a["o"]) * torch.tanh(c_new)
        z_c, z_h = (self.mask(site, layer, t) for site in ("zoneout_cell", "zoneout_state"))  # 1: the new value comes in
        return z_h * h_new + (1 - z_h) * h, z_c * c_new + (1 - z_c) * c

    def loss(self, batch: Batch, states: list[Any], drawn: dict[str, Tensor]) -> tuple[Tensor, list[Any]]:
        """Return the loss and the states after the window."""
        self.masks, w, B = drawn, self.weights, batch.x.shape[1]
        x, y = torch.from_numpy(batch.x), torch.from_numpy(batch.y)
        kept = drawn.get("words.1", torch.ones(1, 1, 1, dtype=torch.float64))[0]
        read = (kept[:, :, None] * w["embedding"]).expand(B, -1, -1)  # of each sample; of a dropped word the full row is 0
        top, dropped = [], []
        for t in range(len(x)):
            below = read[torch.arange(B), x[t]]
            for layer in range(1, self.e.layers + 1):
                states[layer - 1] = self.step(layer, t, below, *states[layer - 1])
                below = states[layer - 1][0]
            top.append(below)
            dropped.append(self.mask("output", self.e.layers, t) * below)
        decoder = w["embedding" if self.e.decoder == "tied" else "decoder"]
        log_p = (torch.stack(dropped) @ decoder.T + w["decoder_bias"]).log_softmax(-1)
        nll = -log_p.gather(-1, y.clamp(min=0)[..., None])[..., 0][y >= 0]
        total = nll.sum() / B if self.e.loss == "sum" else nll.mean()
        alpha, beta = (dict(self.e.placement.losses).get(name, 0.0) for name in ("ar", "tar"))
        h = torch.stack(top)
        return total + alpha * torch.stack(dropped).square().mean() + beta * (h[1:] - h[:-1]).square().mean(), states

    def update(self, rate: float, n: int) -> None:
        """Clip the norm of all gradients and take one step of SGD, or the n-th step of Adam."""
        norm = sum(one.grad.square().sum() for one in self.weights.values() if one.grad is not None) ** 0.5
        shrink = min(1.0, self.e.clip / (float(norm) + 1e-6))  # as PyTorch clips; the older codes have no 10⁻⁶
        self.adam = self.adam or [(torch.zeros_like(one), torch.zeros_like(one)) for one in self.weights.values()]
        for k, one in enumerate(self.weights.values()):
            assert one.grad is not None
            g = shrink * one.grad + self.e.weight_decay * one.detach()
            if self.e.optimiser == "adam":
                m, v = (0.9 * self.adam[k][0] + 0.1 * g), (0.999 * self.adam[k][1] + 0.001 * g**2)
                self.adam[k] = (m, v)
                g = (m / (1 - 0.9**n)) / ((v / (1 - 0.999**n)).sqrt() + 1e-8)
            one.data = one.data - rate * g
            one.grad = None


class Float64Trainer(Trainer):
    """A run in float64."""

    def masks(self, batch: Batch, pass_index: int) -> dict[str, Tensor]:
        return {name: mask.double() for name, mask in super().masks(batch, pass_index).items()}


@pytest.mark.parametrize("name", RECIPES)
def test_updates_are_those_of_the_papers_algorithm(name: str) -> None:
    """Three updates; the last one is in the second epoch, with a lower learning rate if the paper has one."""
    row = RECIPES[name]
    fields = dict(row.fields)
    small = {
        "hidden": (5,) * (fields["layers"] - 1) + (4,),
        "embedding": 4 if "embedding" in fields else 5,
        "batch": 50,
        "steps": 20,
        "clip": 0.1,
        "updates": 3,
        "monte_carlo": 0,
        "device": "cpu",
    }
    early_decay = {"decay_after": 1} if "decay" in fields else {}
    e = build_experiment(row.task, {name: MIN_SIZES[name] for name in row.size}, **{**fields, **small, **early_decay})
    run = Float64Trainer(e, NoCommands(), 0)
    run.network.double()
    run.states = run.network.zero_states(e.batch)
    paper, states = PaperModel(run.network, e), list[Any]()
    updates = run.run_updates()
    next(updates)
    for n in range(1, 4):
        record, batch = next(updates), batch_at(e, n)
        while record["event"] != "record":
            record = next(updates)
        drawn = {key: torch.from_numpy(mask).double() for key, mask in draw_update_masks(e, n).items()}
        if batch.starts_sequence:
            states = [(torch.zeros(e.batch, width).double(),) * 2 for width in e.widths]
        loss, states = paper.loss(batch, [tuple(part.detach() for part in one) for one in states], drawn)
        loss.backward()  # type: ignore[no-untyped-call]
        epoch = (n - 1) // load_data(e).updates
        rate = e.learning_rate / (fields["decay"] ** epoch if "decay" in fields else 1.0)
        paper.update(rate * (len(batch.x) / e.steps if e.windows == "varied" else 1.0), n)
        for key, weights in run.network.named_parameters():
            off = (weights.detach() - paper.weights[key]).abs().max().item()
            assert off < 1e-9, f"update {n}: {key} is off by {off}"


@pytest.mark.parametrize(
    "losses", [[5, 4, 3, 2, 1, 0.9, 0.95, 0.8, 1.5, 1.2, 1.7, 1.6, 1.8], [3, 3, 3, 3, 3, 3, 4, 5, 6, 7, 8]]
)
def test_nt_asgd_averages_once_the_validation_loss_stops_falling(losses: list[float]) -> None:
    """Algorithm 1 of Merity et al. 2017: averaging starts once the loss exceeds the minimum of all but the last five."""
    e = build_experiment(
        "language-model", {"words": 2000}, hidden=3, layers=1, optimiser="nt-asgd", learning_rate=0.1, device="cpu"
    )
    network = Network(9, 9, e).double()
    optimizer, weight_history, trigger = Optimizer(network, e), list[Tensor](), None
    for k, loss in enumerate(losses):
        for weights in network.parameters():
            weights.grad = torch.randn(weights.shape, generator=torch.Generator().manual_seed(k), dtype=torch.float64)
        optimizer.step(e, 0, e.steps)
        if trigger is not None:
            weight_history.append(network.U[0].detach().clone())
        began = optimizer.note_validation_loss(e, loss)
        if trigger is None and k > 5 and loss > min(losses[: k - 5]):
            assert began
            trigger, weight_history = k, [network.U[0].detach().clone()]
        else:
            assert not began
        expected = torch.stack(weight_history).mean(0) if weight_history else network.U[0]
        torch.testing.assert_close(optimizer.evaluation_network.U[0], expected, rtol=1e-12, atol=1e-12)
    assert trigger is not None


def test_windows_of_varied_length() -> None:
    """Every epoch reads the text from the start in the same number of windows and leaves less than one window unread."""
    e = build_experiment("language-model", {"words": 18_000}, steps=20, windows="varied")
    data, plain = load_data(e), load_data(replace(e, windows="equal"))
    stream = [batch.x for batch in plain.train(0)]
    for epoch in range(4):
        windows = list(data.train(epoch))
        lengths = [len(batch.x) for batch in windows]
        assert len(windows) == data.updates
        assert [batch.starts_sequence for batch in windows] == [True] + [False] * (data.updates - 1)
        assert 0 <= 20 * len(stream) - sum(lengths) < 20
        read = torch.cat([torch.from_numpy(batch.x) for batch in windows])
        assert torch.equal(read, torch.cat([torch.from_numpy(x) for x in stream])[: len(read)])
        assert torch.equal(torch.from_numpy(batch_at(e, epoch * data.updates + 3).x), torch.from_numpy(windows[2].x))
        assert (
            draw_update_masks(
                replace(e, placement=RECIPES["zaremba2014-medium"].fields["placement"]), epoch * data.updates + 3
            )["input.1"].shape[0]
            == lengths[2]
        )
    every = [len(batch.x) for epoch in range(60) for batch in data.train(epoch)]
    near = [n for n in every if n > 16]
    assert sum(every) / len(every) == pytest.approx(0.975 * 20 - 0.5, abs=0.3)
    assert torch.tensor(near).float().std().item() == pytest.approx(3.6, abs=0.3)  # of N(20, 5), cut off at 16
    assert len({tuple(len(batch.x) for batch in data.train(epoch)) for epoch in range(5)}) == 5
