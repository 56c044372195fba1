"""The network under masks: every placement, sharing and scaling.

Oracle: the loop of tests/reference.py, gate by gate, with the same masks in float64; values by NumPy and torch, gradients by
torch's autograd of that loop.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from core.benchmark.loop import can_use_torch_cell, run_loop
from core.dropout.cells import CELLS
from core.dropout.masks import draw_masks, expand_word_masks, get_test_time_values
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement, build_dropout
from core.dropout.sites import SITES
from core.experiment.bounds import ENGINES
from core.experiment.experiment import Experiment, build_experiment
from core.nn import cells, engines
from core.nn.cells import NUMPY, ONE, group_masks_by_layer, run_layers, unroll
from core.nn.network import Network, to_torch
from core.nn.numpy_init import count_parameters
from tests.reference import recurrent_stack
from tests.strategies import placements

TOKENS, CLASSES = 7, 5
HIDDEN = (4, 3, 5)
# A float32 run of a few steps with tiny layers, against float64: a few hundred roundings of 6e-8.
FLOAT32_BOUND = 1e-5


def make_experiment(placement: Placement, layers: int = 3, name: str = "reference", cell: str = "lstm") -> Experiment:
    sizes: dict[str, Any] = {"layers": layers, "hidden": HIDDEN[:layers], "embedding": 2, "steps": 3, "batch": 2}
    return build_experiment(**sizes, placement=placement, engine=name, cell=cell)


def draw_test_masks(e: Experiment, seed: int = 7, x: Tensor | None = None) -> dict[str, Any]:
    """Return the masks of an update, word masks expanded for the tokens x."""
    tokens = make_inputs(e)[0] if x is None else x
    return expand_word_masks(draw_masks(e.placement, replace(e.shape, tokens=TOKENS), seed, 1), tokens.numpy())


def to_double_tensors(masks: dict[str, Any]) -> dict[str, Tensor]:
    return to_torch(masks, torch.device("cpu"), torch.float64)


def make_network(e: Experiment) -> Network:
    """Return the network in float64."""
    return Network(TOKENS, CLASSES, e).double()


def make_inputs(e: Experiment) -> tuple[Tensor, list[tuple[Tensor, ...]]]:
    generator = torch.Generator().manual_seed(2)
    x = torch.randint(TOKENS, (e.steps, e.batch), generator=generator)
    parts = cells.CELLS[e.cell].carries
    return x, [tuple(torch.randn(e.batch, h, generator=generator, dtype=torch.float64) for _p in parts) for h in e.widths]


def run_reference_loop(net: Network, x: Tensor, states: Any, masks: Mapping[str, Tensor]) -> list[Tensor]:
    layers = list(zip(net.W, net.U, net.b, strict=True))
    hs, after = recurrent_stack(torch, net.embedding[x], states, layers, masks, net.cell)
    return [torch.stack(hs), *(part for state in after for part in state)]


def run_network(net: Network, x: Tensor, states: Any, masks: dict[str, Tensor]) -> list[Tensor]:
    hs, after = net(x, states, masks)
    return [net.decoder_input(hs, masks), *(part for state in after for part in state)]


def with_gradients(net: Network, outputs: list[Tensor]) -> list[Tensor]:
    """Return the outputs, and the gradients of a sum of them with random weights."""
    generator = torch.Generator().manual_seed(1)
    loss = sum((out * torch.randn(out.shape, generator=generator, dtype=torch.float64)).sum() for out in outputs)
    trained = [p for name, p in net.named_parameters() if "decoder" not in name]
    return [*(out.detach() for out in outputs), *torch.autograd.grad(loss, trained)]  # type: ignore[arg-type]


def assert_equal(actual: list[Tensor], expected: list[Tensor], bound: float) -> None:
    for a, b in zip(actual, expected, strict=True):
        largest = float((a - b).abs().max() / b.abs().max().clamp(min=1))
        assert largest < bound, f"differs by {largest}"


@pytest.mark.parametrize("cell", CELLS)
@given(data=st.data(), layers=st.integers(1, 3), name=st.sampled_from(ENGINES), seed=st.integers(0, 99))
@settings(max_examples=40)
def test_every_placement_trains_as_the_equations_say(data: st.DataObject, layers: int, name: str, seed: int, cell: str) -> None:
    e = make_experiment(data.draw(placements(layers, cell)), layers, name, cell)
    net, (x, states) = make_network(e), make_inputs(e)
    masks = to_double_tensors(draw_test_masks(e, seed))
    actual = with_gradients(net, run_network(net, x, states, masks))
    assert_equal(actual, with_gradients(net, run_reference_loop(net, x, states, masks)), 1e-10)


@pytest.mark.parametrize("other_sites", ["", "state", "recurrent_weights update_gate candidate", "state zoneout_state"])
@pytest.mark.parametrize("sharing", [{}, {"time": "sequence"}, {"time": "sequence", "batch": "batch"}, {"units": "layer"}])
def test_a_mask_on_the_whole_state_of_a_gru_in_every_engine(sharing: dict[str, Any], other_sites: str) -> None:
    """Alone, with the mask on the state, which multiplies as well, and with others; no fused kernel can apply it."""
    others = {name: build_dropout(name, 0.4) for name in other_sites.split()}
    placement = Placement.from_sites({"whole_state": Dropout(0.4, **sharing), **others})
    e = make_experiment(placement, cell="gru")
    net, (x, states) = make_network(e), make_inputs(e)
    masks = to_double_tensors(draw_test_masks(e))
    by_layer = group_masks_by_layer(masks, e.layers, "gru")
    assert not any(engines.can_fuse(m, "gru") for m in by_layer)
    expected = with_gradients(net, run_reference_loop(net, x, states, masks))
    for net.engine in ENGINES:
        assert_equal(with_gradients(net, run_network(net, x, states, masks)), expected, 1e-10)


@pytest.mark.parametrize("other_sites", ["", "state", "zoneout_state"])
def test_the_plain_loop_applies_a_mask_on_the_whole_state_around_torchs_own_cell(other_sites: str) -> None:
    sites = {name: build_dropout(name, 0.4) for name in ("whole_state", *other_sites.split())}
    e = make_experiment(Placement.from_sites(sites), layers=1, cell="gru")
    net, (_tokens, (state,)) = make_network(e), make_inputs(e)
    (m,) = group_masks_by_layer(to_double_tensors(draw_test_masks(e)), 1, "gru")
    assert can_use_torch_cell(m, "gru") == (other_sites != "state"), "a mask on the products alone is within the cell"
    x, weights = torch.randn(e.steps, e.batch, 2, dtype=torch.float64), engines.LayerWeights(net.W[0], net.U[0], net.b[0])
    with torch.no_grad():
        (hs, (last,)), (expected, (after,)) = (
            run(x, state, weights, m, "gru", *engine) for run, *engine in ((run_loop,), (engines.run_layer, "reference"))
        )
    assert_equal([hs, last], [expected, after], 1e-12)


def change_sharing(placement: Placement, sharing: dict[str, str]) -> Placement:
    """Return the placement with another sharing or scaling, at the sites that can have it."""
    changed = {}
    for name, dropout in placement.resolve_schedules(150).sites:
        can: dict[str, Any] = {axis: word for axis, word in sharing.items() if axis in (*SITES[name].axes, "scaling")}
        free = dropout.noise == "bernoulli" and SITES[name].kind != "zoneout"
        changed[name] = replace(dropout, **(can if free else {}))
    return Placement.from_sites(changed)


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
    placement = METHODS[method].build_placement(cell=cell)
    e = make_experiment(change_sharing(placement, sharing) if sharing else placement.resolve_schedules(150), cell=cell)
    net, (x, states) = make_network(e), make_inputs(e)
    for values in (draw_test_masks(e), get_test_time_values(e.placement, e.shape)):
        masks = to_double_tensors(values)
        expected = with_gradients(net, run_reference_loop(net, x, states, masks))
        fused = any(engines.can_fuse(m, cell) for m in group_masks_by_layer(masks, len(e.widths), cell))
        for net.engine in ("fused", "bptt") if fused else ("bptt",):
            assert_equal(with_gradients(net, run_network(net, x, states, masks)), expected, 1e-10)


@pytest.mark.parametrize("cell", CELLS)
@given(data=st.data(), layers=st.integers(1, 3), seed=st.integers(0, 99))
@settings(max_examples=30)
def test_every_placement_read_with_numpy(data: st.DataObject, layers: int, seed: int, cell: str) -> None:
    """The step with NumPy arrays against the reference loop under the same masks, without torch."""
    e = make_experiment(data.draw(placements(layers, cell)), layers, cell=cell)
    masks: dict[str, Any] = {name: mask.astype(np.float64) for name, mask in draw_test_masks(e, seed).items()}
    random, row = np.random.default_rng(seed), cells.CELLS[cell]
    below, n = (2, *e.widths[:-1]), len(row.gates)
    weights = [
        tuple(random.normal(size=size) for size in ((n * h, i), (n * h, h), (n * h,)))
        for i, h in zip(below, e.widths, strict=True)
    ]
    states = [tuple(random.normal(size=(e.batch, h)) for _part in row.carries) for h in e.widths]
    x = random.normal(size=(e.steps, e.batch, 2))

    def run(x: Any, state: Any, layer_weights: Any, m: Any) -> Any:
        wx = NUMPY.masked_product(NUMPY.mask_weights(layer_weights[0], m.input_weights, n), m.into, x)
        return unroll(row, wx, state, layer_weights[1], layer_weights[2], m, NUMPY)

    hs, after = run_layers(masks.get("words.1", ONE) * x, states, weights, group_masks_by_layer(masks, layers, cell), run)
    expected, expected_after = recurrent_stack(np, x, states, weights, masks, cell)  # type: ignore[arg-type]
    np.testing.assert_allclose(masks.get(f"output.{layers}", ONE) * hs, expected, rtol=0, atol=1e-12)
    for state, expected_state in zip(after, expected_after, strict=True):
        np.testing.assert_allclose(state, expected_state, rtol=0, atol=1e-12)


@given(data=st.data(), layers=st.integers(1, 3))
@settings(max_examples=30)
def test_the_run_in_float32_stays_close_to_float64(data: st.DataObject, layers: int) -> None:
    """The engine is the one that a run chooses. Rates are at most 0.5, so that the scaling stays small."""
    half = Placement.from_sites(
        {
            site: Dropout(0.5, gates=gates)
            for site, gates in data.draw(
                st.dictionaries(st.sampled_from(["input", "between", "state"]), st.sampled_from(["shared", "separate"]))
            ).items()
        }
    )
    rest = Placement.from_sites(
        {site: Dropout(0.25) for site in data.draw(st.sets(st.sampled_from(["output", "candidate", "cell"])))}
    )
    e = make_experiment(Placement.from_sites({**dict(half.sites), **dict(rest.sites)}), layers, "auto")
    x, states = make_inputs(e)
    masks, net = draw_test_masks(e), Network(TOKENS, CLASSES, e)
    small, floats = [tuple(part.float() for part in state) for state in states], to_torch(masks, torch.device("cpu"))
    hs = net.decoder_input(net(x, small, floats)[0], floats)
    assert hs.dtype == torch.float32
    expected = run_reference_loop(make_network(e), x, states, to_double_tensors(masks))[0]
    assert_equal([hs.detach().double()], [expected.detach()], FLOAT32_BOUND)


@pytest.mark.parametrize("cell", CELLS)
@given(data=st.data(), layers=st.integers(1, 3), name=st.sampled_from(ENGINES))
@settings(max_examples=25)
def test_which_engine_runs(data: st.DataObject, layers: int, name: str, cell: str) -> None:
    """The fused kernel runs a layer with masks on its input, one for all gates, or masks that can be multiplied into weights.

    The latter are the same for all steps and samples. On a CPU "auto" chooses it for the LSTM alone, else the handwritten
    backpropagation.
    """
    e = make_experiment(data.draw(placements(layers, cell, scheduled=False)), layers, name, cell)
    expected = []
    for layer in range(1, layers + 1):
        on = {site.name: dropout for site, at, dropout in e.placement.list_active(layers) if at == layer}
        one_for_all = {site for site, d in on.items() if (d.time, d.batch) == ("sequence", "batch")}
        foldable = {"state", "recurrent_weights", "input_weights"} & one_for_all
        incoming = {
            site for site, d in on.items() if site in ("input", "between") and (d.gates == "shared" or site in one_for_all)
        }
        fused = set(on) <= foldable | incoming | {"words", "output"} and cell != "rnn-logistic"
        prefers_fused = {"auto": cell == "lstm", "fused": True}.get(name, False)
        expected.append("fused" if fused and prefers_fused else "reference" if name == "reference" else "bptt")
    engines_used: list[str] = []

    def make_spy(name: str, real: Any) -> Any:
        def spy(*arguments: Any) -> Any:
            engines_used.append(name)
            return real(*arguments)

        return spy

    with pytest.MonkeyPatch.context() as patch:
        for engine_name, real in engines.RUN_BY_ENGINE.items():
            patch.setitem(engines.RUN_BY_ENGINE, engine_name, make_spy(engine_name, real))
        net, (x, states) = make_network(e), make_inputs(e)
        net(x, states, to_double_tensors(draw_test_masks(e)))
    assert engines_used == expected


def test_a_mask_per_gate_reaches_its_gate_and_no_other() -> None:
    """The whole input is dropped for one gate at a time: then only the weights of that gate have no gradient."""
    e = make_experiment(Placement.from_sites({"input": Dropout(0.5, gates="separate")}), layers=1)
    for row, gate in enumerate("ifgo"):
        net, (x, states) = make_network(e), make_inputs(e)
        masks = {f"input.1.{other}": torch.full((1, 1, 1), float(other != gate), dtype=torch.float64) for other in "ifgo"}
        net(x, states, masks)[0].sum().backward()
        gradient = net.W[0].grad
        assert gradient is not None
        assert [bool(block.any()) for block in gradient.chunk(4)] == [other != row for other in range(4)]


@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_initial_weights_depend_on_their_seed_and_the_sizes_alone(data: st.DataObject, seed: int) -> None:
    placed = make_experiment(data.draw(placements(3)))
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
    assert sum(p.numel() for p in net.parameters()) == count_parameters(TOKENS, CLASSES, e.shape)
    for state, h in zip(net.zero_states(9), e.widths, strict=True):
        assert all(torch.equal(part, torch.zeros(9, h)) for part in state)
