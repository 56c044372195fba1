"""Masks in the network: every placement, sharing and scaling. Oracle: the loop of reference.py, gate by gate, with the
same masks, in float64; values through NumPy and torch, gradients through torch's autograd of that loop."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from core.dropout.masks import draw_masks, expand_word_masks
from core.dropout.masks import test_time_values as values_at_test
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement
from core.dropout.sites import SITES
from core.experiment.experiment import CELLS, ENGINES, Experiment, build_experiment
from core.nn import cells, engines
from core.nn.cells import NUMPY, ONE, stack, unroll
from core.nn.network import Network, layer_masks, parameters_of, to_torch
from tests.reference import recurrent_stack
from tests.strategies import placements

TOKENS, CLASSES = 7, 5
HIDDEN = (4, 3, 5)
# A float32 run of a few steps with tiny layers, against float64: a few hundred roundings of 6e-8.
FLOAT32_BOUND = 1e-5


def experiment(placement: Placement, layers: int = 3, name: str = "reference", cell: str = "lstm") -> Experiment:
    sizes: dict[str, Any] = {"layers": layers, "hidden": HIDDEN[:layers], "embedding": 2, "steps": 3, "batch": 2}
    return build_experiment(**sizes, placement=placement, engine=name, cell=cell)


def drawn(e: Experiment, seed: int = 7, x: Tensor | None = None) -> dict[str, Any]:
    """The masks of an update, those of words for the tokens x."""
    tokens = inputs(e)[0] if x is None else x
    return expand_word_masks(draw_masks(e.placement, replace(e.shape, tokens=TOKENS), seed, 1), tokens.numpy())


def in_torch(masks: dict[str, Any]) -> dict[str, Tensor]:
    return to_torch(masks, torch.device("cpu"), torch.float64)


def network(e: Experiment) -> Network:
    """In float64, with states that are not zero, so that every mask on them tells."""
    return Network(TOKENS, CLASSES, e).double()


def inputs(e: Experiment) -> tuple[Tensor, list[tuple[Tensor, ...]]]:
    generator = torch.Generator().manual_seed(2)
    x = torch.randint(TOKENS, (e.steps, e.batch), generator=generator)
    parts = cells.CELLS[e.cell].carries
    return x, [tuple(torch.randn(e.batch, h, generator=generator, dtype=torch.float64) for _p in parts) for h in e.widths]


def by_the_loop(net: Network, x: Tensor, states: Any, masks: Mapping[str, Tensor]) -> list[Tensor]:
    layers = list(zip(net.W, net.U, net.b, strict=True))
    hs, after = recurrent_stack(torch, net.embedding[x], states, layers, masks, net.cell)
    return [torch.stack(hs), *(part for state in after for part in state)]


def by_the_network(net: Network, x: Tensor, states: Any, masks: dict[str, Tensor]) -> list[Tensor]:
    hs, after = net(x, states, masks)
    return [net.decoder_input(hs, masks), *(part for state in after for part in state)]


def with_gradients(net: Network, outputs: list[Tensor]) -> list[Tensor]:
    """The outputs, and the gradients of a sum of them that weighs each differently."""
    weigh = torch.Generator().manual_seed(1)
    loss = sum((out * torch.randn(out.shape, generator=weigh, dtype=torch.float64)).sum() for out in outputs)
    trained = [p for name, p in net.named_parameters() if "decoder" not in name]
    return [*(out.detach() for out in outputs), *torch.autograd.grad(loss, trained)]  # type: ignore[arg-type]


def assert_equal(ours: list[Tensor], theirs: list[Tensor], bound: float) -> None:
    for a, b in zip(ours, theirs, strict=True):
        worst = float((a - b).abs().max() / b.abs().max().clamp(min=1))
        assert worst < bound, f"differs by {worst}"


@pytest.mark.parametrize("cell", CELLS)
@given(data=st.data(), layers=st.integers(1, 3), name=st.sampled_from(ENGINES), seed=st.integers(0, 99))
@settings(max_examples=40)
def test_every_placement_trains_as_the_equations_say(data: st.DataObject, layers: int, name: str, seed: int, cell: str) -> None:
    e = experiment(data.draw(placements(layers, cell)), layers, name, cell)
    net, (x, states) = network(e), inputs(e)
    masks = in_torch(drawn(e, seed))
    ours = with_gradients(net, by_the_network(net, x, states, masks))
    assert_equal(ours, with_gradients(net, by_the_loop(net, x, states, masks)), 1e-10)


def shared(placement: Placement, sharing: dict[str, str]) -> Placement:
    """The placement with a sharing or scaling, where its sites can have it."""
    changed = {}
    for name, dropout in placement.at(150).sites:
        can: dict[str, Any] = {axis: word for axis, word in sharing.items() if axis in (*SITES[name].axes, "scaling")}
        free = dropout.noise == "bernoulli" and SITES[name].kind != "old"
        changed[name] = replace(dropout, **(can if free else {}))
    return Placement.of(changed)


SHARED = [
    {},
    {"time": "sequence"},
    {"time": "step"},
    {"batch": "batch"},
    {"batch": "sample"},
    {"units": "layer"},
    {"scaling": "test"},
]


@pytest.mark.parametrize(("method", "cell"), [(row.name, cell) for row in METHODS.values() for cell in row.cells])
@pytest.mark.parametrize("sharing", SHARED, ids=lambda sharing: "-".join(sharing.values()) or "usual")
def test_every_method_trains_as_the_equations_say(method: str, cell: str, sharing: dict[str, str]) -> None:
    placement = METHODS[method].placement(cell=cell)
    e = experiment(shared(placement, sharing) if sharing else placement.at(150), cell=cell)
    net, (x, states) = network(e), inputs(e)
    for values in (drawn(e), values_at_test(e.placement, e.shape)):
        masks = in_torch(values)
        theirs = with_gradients(net, by_the_loop(net, x, states, masks))
        fused = any(engines.fusible(m, cell) for m in layer_masks(masks, len(e.widths), cell))
        for net.engine in ("fused", "bptt") if fused else ("bptt",):
            assert_equal(with_gradients(net, by_the_network(net, x, states, masks)), theirs, 1e-10)


@pytest.mark.parametrize("cell", CELLS)
@given(data=st.data(), layers=st.integers(1, 3), seed=st.integers(0, 99))
@settings(max_examples=30)
def test_every_placement_read_with_numpy(data: st.DataObject, layers: int, seed: int, cell: str) -> None:
    """The step as it shows what the network did: the same loop and the same masks, no torch at all."""
    e = experiment(data.draw(placements(layers, cell)), layers, cell=cell)
    masks: dict[str, Any] = {name: mask.astype(np.float64) for name, mask in drawn(e, seed).items()}
    random, row = np.random.default_rng(seed), cells.CELLS[cell]
    below, n = (2, *e.widths[:-1]), len(row.gates)
    weights = [
        tuple(random.normal(size=size) for size in ((n * h, i), (n * h, h), (n * h,)))
        for i, h in zip(below, e.widths, strict=True)
    ]
    states = [tuple(random.normal(size=(e.batch, h)) for _part in row.carries) for h in e.widths]
    x = random.normal(size=(e.steps, e.batch, 2))

    def run(x: Any, state: Any, own: Any, m: Any) -> Any:
        wx = NUMPY.product(NUMPY.masked(own[0], m.input_weights, n), m.into, x)
        return unroll(row, wx, state, own[1], own[2], m, NUMPY)

    hs, after = stack(masks.get("words.1", ONE) * x, states, weights, layer_masks(masks, layers, cell), run)
    expected, expected_after = recurrent_stack(np, x, states, weights, masks, cell)  # type: ignore[arg-type]
    np.testing.assert_allclose(masks.get(f"output.{layers}", ONE) * hs, expected, rtol=0, atol=1e-12)
    for state, expected_state in zip(after, expected_after, strict=True):
        np.testing.assert_allclose(state, expected_state, rtol=0, atol=1e-12)


@given(data=st.data(), layers=st.integers(1, 3))
@settings(max_examples=30)
def test_the_run_in_float32_stays_close_to_float64(data: st.DataObject, layers: int) -> None:
    """What a run really uses: float32, on the engine that it chooses. Rates up to 0.5, so that nothing is scaled up much."""
    half = Placement.of(
        {
            site: Dropout(0.5, gates=gates)
            for site, gates in data.draw(
                st.dictionaries(st.sampled_from(["input", "between", "state"]), st.sampled_from(["shared", "separate"]))
            ).items()
        }
    )
    rest = Placement.of({site: Dropout(0.25) for site in data.draw(st.sets(st.sampled_from(["output", "candidate", "cell"])))})
    e = experiment(Placement.of({**dict(half.sites), **dict(rest.sites)}), layers, "auto")
    x, states = inputs(e)
    masks, net = drawn(e), Network(TOKENS, CLASSES, e)
    small, floats = [tuple(part.float() for part in state) for state in states], to_torch(masks, torch.device("cpu"))
    hs = net.decoder_input(net(x, small, floats)[0], floats)
    assert hs.dtype == torch.float32
    expected = by_the_loop(network(e), x, states, in_torch(masks))[0]
    assert_equal([hs.detach().double()], [expected.detach()], FLOAT32_BOUND)


@pytest.mark.parametrize("cell", CELLS)
@given(data=st.data(), layers=st.integers(1, 3), name=st.sampled_from(ENGINES))
@settings(max_examples=25)
def test_which_engine_runs(data: st.DataObject, layers: int, name: str, cell: str) -> None:
    """The library's kernel runs a layer where its masks are on what comes in, one for all gates, or can be masks of weights:
    one for all steps and samples. By itself only an LSTM is given to it on a CPU; all else runs by hand."""
    e = experiment(data.draw(placements(layers, cell, scheduled=False)), layers, name, cell)
    expected = []
    for layer in range(1, layers + 1):
        on = {site.name: dropout for site, at, dropout in e.placement.active(layers) if at == layer}
        one_for_all = {site for site, d in on.items() if (d.time, d.batch) == ("sequence", "batch")}
        foldable = {"state", "recurrent_weights", "input_weights"} & one_for_all
        incoming = {
            site for site, d in on.items() if site in ("input", "between") and (d.gates == "shared" or site in one_for_all)
        }
        fused = set(on) <= foldable | incoming | {"words", "output"} and cell != "rnn-logistic"
        wanted = {"auto": cell == "lstm", "fused": True}.get(name, False)
        expected.append("fused" if fused and wanted else "reference" if name == "reference" else "bptt")
    ran: list[str] = []

    def spied(name: str, real: Any) -> Any:
        def spy(*arguments: Any) -> Any:
            ran.append(name)
            return real(*arguments)

        return spy

    with pytest.MonkeyPatch.context() as patch:
        for engine_name, real in engines.RUN.items():
            patch.setitem(engines.RUN, engine_name, spied(engine_name, real))
        net, (x, states) = network(e), inputs(e)
        net(x, states, in_torch(drawn(e)))
    assert ran == expected


def test_a_mask_per_gate_reaches_its_gate_and_no_other() -> None:
    """All of the input is dropped for one gate at a time: only that gate's weights then have no gradient."""
    e = experiment(Placement.of({"input": Dropout(0.5, gates="separate")}), layers=1)
    for row, gate in enumerate("ifgo"):
        net, (x, states) = network(e), inputs(e)
        masks = {f"input.1.{other}": torch.full((1, 1, 1), float(other != gate), dtype=torch.float64) for other in "ifgo"}
        net(x, states, masks)[0].sum().backward()
        gradient = net.W[0].grad
        assert gradient is not None
        assert [bool(block.any()) for block in gradient.chunk(4)] == [other != row for other in range(4)]


@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_initial_weights_depend_on_their_seed_and_the_sizes_alone(data: st.DataObject, seed: int) -> None:
    placed = experiment(data.draw(placements(3)))
    others: dict[str, Any] = {"data_seed": 1, "mask_seed": 2, "learning_rate": 0.5, "epochs": 3, "batch": 9, "clip": 3.0}
    one = build_experiment(
        layers=3, hidden=HIDDEN, embedding=2, steps=3, weight_seed=seed, placement=placed.placement, **others
    )
    two = build_experiment(layers=3, hidden=HIDDEN, embedding=2, steps=3, weight_seed=seed)
    nets = [dict(Network(TOKENS, CLASSES, e).named_parameters()) for e in (one, two)]
    assert all(torch.equal(nets[0][name], nets[1][name]) for name in nets[0])
    other = Network(TOKENS, CLASSES, build_experiment(layers=3, hidden=HIDDEN, embedding=2, weight_seed=seed ^ 1))
    assert not torch.equal(other.W[0], nets[0]["W.0"])


def test_the_initial_weights() -> None:
    e = build_experiment(layers=2, hidden=(30, 40), embedding=20, forget_bias=2.5)
    net = Network(TOKENS, CLASSES, e)
    for h, W, U, b in zip((30, 40), net.W, net.U, net.b, strict=True):
        gates = b.chunk(4)
        assert (gates[1] == 2.5).all()
        for values in (W, U, gates[0], gates[2], gates[3]):
            assert 0.5 * h**-0.5 < values.abs().max() <= h**-0.5
    assert 0.08 < net.embedding.abs().max() <= 0.1
    assert sum(p.numel() for p in net.parameters()) == parameters_of(TOKENS, CLASSES, e.shape)
    for state, h in zip(net.start(9), e.widths, strict=True):
        assert all(torch.equal(part, torch.zeros(9, h)) for part in state)
