"""The facts about the methods that the pages teach, each computed. Oracles: torch.nn, arithmetic, and the papers' equations."""

from dataclasses import replace
from math import sqrt
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.dropout.cells import CELLS
from core.dropout.masks import Array, NetworkShape, draw_masks, get_test_time_values
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement, build_dropout
from core.dropout.sites import SITES
from core.experiment.bounds import ENGINES
from core.experiment.experiment import build_experiment
from core.nn.cells import CELLS as STEPS
from core.nn.cells import NUMPY, ONE, LayerMasks, State, group_masks_by_layer, unroll
from core.nn.network import Network, to_torch
from core.tasks.task import Batch
from core.training.loss import forward, total_loss

DRAWS = 10_000
MANY = NetworkShape(steps=DRAWS, batch=1, embedding=1, hidden=(1,))
SIGMAS = 5  # a correct draw deviates by more once in two million times


def make_random_state(cell: str, batch: int, hidden: int, seed: int = 3) -> State:
    random = np.random.default_rng(seed)
    return tuple(random.normal(size=(batch, hidden)) for _part in STEPS[cell].carries)


def run_one_step(cell: str, state: State, masks: LayerMasks, seed: int = 4) -> State:
    """Run one step with random weights and input from a state [B, H], with masks [B, H]."""
    random, (batch, hidden) = np.random.default_rng(seed), state[0].shape
    n = len(STEPS[cell].gates)
    wx, U, b = (random.normal(size=size) for size in ((batch, n * hidden), (n * hidden, hidden), (n * hidden,)))
    return STEPS[cell].step(wx, state, U, b, masks, NUMPY)


def flatten_mask(masks: dict[str, Array], name: str) -> Array:
    return masks[name].reshape(DRAWS, -1)


@pytest.mark.parametrize("rate", [0.05, 0.25, 0.5, 0.9])
def test_ten_thousand_draws_have_the_rate_and_are_independent_over_time(rate: float) -> None:
    kept = flatten_mask(draw_masks(Placement.from_sites({"state": Dropout(rate)}), MANY, 7, 1), "state.1")[:, 0] > 0
    assert abs(kept.mean() - (1 - rate)) < SIGMAS * sqrt(rate * (1 - rate) / DRAWS)
    # Two neighboring steps are both kept as often as if independent.
    both = (kept[1:] & kept[:-1]).mean()
    p = (1 - rate) ** 2
    assert abs(both - p) < SIGMAS * sqrt(p * (1 - p) / (DRAWS / 2))


@pytest.mark.parametrize("axis", ["batch", "units"])
def test_ten_thousand_draws_are_independent_over_the_batch_and_the_units(axis: str) -> None:
    shape = NetworkShape(steps=1, batch=DRAWS, embedding=1, hidden=(2,)) if axis == "batch" else NetworkShape(DRAWS, 1, 1, (2,))
    kept = draw_masks(Placement.from_sites({"cell": Dropout(0.5)}), shape, 7, 1)["cell.1"].reshape(DRAWS, 2) > 0
    pairs = (kept[:-1, 0], kept[1:, 0]) if axis == "batch" else (kept[:, 0], kept[:, 1])
    both = (pairs[0] & pairs[1]).mean()
    assert abs(both - 0.25) < SIGMAS * sqrt(0.25 * 0.75 / (DRAWS / 2))


def test_ten_thousand_draws_are_one_where_they_are_shared() -> None:
    for axis, word in (("time", "sequence"), ("batch", "batch"), ("units", "layer")):
        shape = NetworkShape(10, 10, 10, (100,))
        mask = draw_masks(Placement.from_sites({"cell": build_dropout("cell", 0.5, **{axis: word})}), shape, 7, 1)["cell.1"]
        full = np.broadcast_to(mask, (10, 10, 100))
        where = {"time": 0, "batch": 1, "units": 2}[axis]
        assert (full == full.take([0], axis=where)).all()
        assert 0.3 < (full > 0).mean() < 0.7


@pytest.mark.parametrize(("first", "second"), [("i", "f"), ("f", "g"), ("g", "o")])
def test_ten_thousand_draws_of_gates_of_their_own_are_independent(first: str, second: str) -> None:
    masks = draw_masks(Placement.from_sites({"state": Dropout(0.5, gates="separate")}), MANY, 7, 1)
    both = ((flatten_mask(masks, f"state.1.{first}") > 0) & (flatten_mask(masks, f"state.1.{second}") > 0)).mean()
    assert abs(both - 0.25) < SIGMAS * sqrt(0.25 * 0.75 / DRAWS)


def test_ten_thousand_gaussian_draws_have_mean_1_and_variance_p_over_k() -> None:
    for rate in (0.1, 0.5):
        mask = flatten_mask(
            draw_masks(Placement.from_sites({"state": Dropout(rate, noise="gaussian", scaling="none")}), MANY, 7, 1), "state.1"
        )
        variance = rate / (1 - rate)
        assert abs(mask.mean() - 1) < SIGMAS * sqrt(variance / DRAWS)
        assert abs(mask.var() / variance - 1) < SIGMAS * sqrt(2 / DRAWS)
        assert abs(np.corrcoef(mask[1:, 0], mask[:-1, 0])[0, 1]) < SIGMAS / sqrt(DRAWS)


def test_words_are_dropped_as_types() -> None:
    """All occurrences of a word are dropped together; about one word type in ten is missing."""
    placement = METHODS["embedding"].build_placement()
    shape = NetworkShape(steps=5, batch=2, embedding=3, hidden=(3,), tokens=DRAWS)
    mask = draw_masks(placement, shape, 7, 1)["words.1"]
    assert mask.shape == (1, 2, DRAWS)
    assert abs((mask > 0).mean() - 0.9) < SIGMAS * sqrt(0.09 / mask.size)


def test_the_candidate_of_zoneout_is_that_of_the_unzoned_cell() -> None:
    """With the cell held and the state not, the new state shows the content that the cell would have had."""
    state = make_random_state("lstm", 2, 4)
    held = LayerMasks(zoneout_cell=np.zeros((2, 4)))
    free_h, free_c = run_one_step("lstm", state, LayerMasks())
    h, c = run_one_step("lstm", state, held)
    np.testing.assert_array_equal(h, free_h)
    np.testing.assert_array_equal(c, state[1])
    assert not np.allclose(c, free_c)


@pytest.mark.parametrize("cell", CELLS)
def test_zoneout_of_the_state_keeps_the_old_or_lets_in_the_new(cell: str) -> None:
    state = make_random_state(cell, 1, 4)
    (new, *_rest), (old, *_others) = run_one_step(cell, state, LayerMasks()), state
    half, *_parts = run_one_step(cell, state, LayerMasks(zoneout_state=np.array([[1.0, 0.0, 1.0, 0.0]])))
    np.testing.assert_array_equal(half, np.where([1, 0, 1, 0], new, old))


def test_a_mask_on_f_erases_the_cell_and_one_on_i_only_closes_it() -> None:
    state = make_random_state("lstm", 2, 4)
    far = (state[0], state[1] + 100.0)  # the gates depend on h only, so the old c changes nothing but the new c
    erased = [run_one_step("lstm", s, LayerMasks(forget_gate=np.zeros((2, 4))))[1] for s in (state, far)]
    np.testing.assert_array_equal(*erased)
    closed = [run_one_step("lstm", s, LayerMasks(input_gate=np.zeros((2, 4))))[1] for s in (state, far)]
    assert (closed[1] > closed[0]).all()


def test_a_mask_on_z_does_the_opposite_in_the_two_forms_of_the_gru() -> None:
    """PyTorch: h = (1-z) ⊙ g + z ⊙ h₋. The papers': h = z ⊙ g + (1-z) ⊙ h₋, with z and 1-z exchanged."""
    (h,) = state = make_random_state("gru", 2, 4)
    zero = np.zeros((2, 4))
    (erased,) = run_one_step("gru", state, LayerMasks(update_gate=zero))
    outputs_of_tanh: list[Any] = []

    def tanh_with_history(a: Any) -> Any:
        outputs_of_tanh.append(np.tanh(a))
        return outputs_of_tanh[-1]

    random = np.random.default_rng(4)
    wx, U, b = (random.normal(size=size) for size in ((2, 12), (12, 4), (12,)))
    STEPS["gru"].step(wx, state, U, b, LayerMasks(), replace(NUMPY, tanh=tanh_with_history))
    g = outputs_of_tanh[0]
    np.testing.assert_allclose(erased, g, atol=1e-15)  # nothing of h₋ is left
    z = zero
    np.testing.assert_array_equal(z * g + (1 - z) * h, h)  # nothing but h₋ is left


def test_a_mask_on_the_state_of_a_gru_spares_the_carry_and_one_on_the_whole_state_does_not() -> None:
    """Where z is 1, nothing but the past remains: h itself, or m ⊙ h."""
    (h,) = make_random_state("gru", 2, 4)
    mask = np.array([[0, 2, 0, 2], [2, 0, 2, 0.0]])
    random = np.random.default_rng(4)
    wx, U, b = (random.normal(size=size) for size in ((2, 12), (12, 4), (12,)))
    wx[:, 4:8] = 50.0
    (spared,) = STEPS["gru"].step(wx, (h,), U, b, LayerMasks(state=mask), NUMPY)
    (erased,) = STEPS["gru"].step(wx, (h,), U, b, LayerMasks(whole_state=mask), NUMPY)
    np.testing.assert_allclose(spared, h, atol=1e-12)
    np.testing.assert_allclose(erased, mask * h, atol=1e-12)


def run_dropout_wrapper(
    x: Any, cell: tuple[Any, Any, Any], into: Any, state_mask: Any, output_mask: Any
) -> tuple[list[Any], Any]:
    """Return outputs and last state of TensorFlow's wrapper around one GRU, from a zero state, x [T, B, I].

    In RNNCellDropoutWrapper(variational_recurrent=True) a call masks the inputs, runs the cell on the state as it was handed
    out, and masks the new state and the output, each with the one mask of the sequence. The cell is PyTorch's GRU, in NumPy.
    """
    (W, U, b), outputs = cell, []
    state = np.zeros((x.shape[1], U.shape[1]))
    for inputs in x:
        (r_x, z_x, n_x), (r_h, z_h, n_h) = np.split((inputs * into) @ W.T, 3, -1), np.split(state @ U.T + b, 3, -1)
        r, z = 1 / (1 + np.exp(-r_x - r_h)), 1 / (1 + np.exp(-z_x - z_h))
        new_state = (1 - z) * np.tanh(n_x + r * n_h) + z * state
        outputs.append(new_state * output_mask)
        state = new_state * state_mask
    return outputs, state


@pytest.mark.parametrize("engine", ENGINES)
def test_the_method_of_tensorflows_wrapper_on_a_gru_is_the_wrapper(engine: str) -> None:
    """Two layers, each in a wrapper; between them the output mask of the lower, since the upper has none on its input here."""
    placement = METHODS["tf-variational"].build_placement(cell="gru")
    e = build_experiment(cell="gru", layers=2, hidden=(6, 5), embedding=4, steps=7, batch=3, engine=engine, placement=placement)
    network = Network(9, 3, e).double()
    masks = draw_masks(placement, e.shape, 7, 1)
    assert {len(mask) for mask in masks.values()} == {mask.shape[1] for mask in masks.values()} == {1}
    tokens = torch.arange(21).reshape(7, 3) % 9
    with torch.no_grad():
        tensors = to_torch(masks, torch.device("cpu"), torch.float64)
        hs, states = network(tokens, network.zero_states(3), tensors)
        found = network.decoder_input(hs, tensors).numpy()
    cells = [tuple(part.detach().numpy() for part in layer) for layer in zip(network.W, network.U, network.b, strict=True)]
    one, two, into = masks["whole_state.1"][0], masks["whole_state.2"][0], masks["input.1"][0]
    below, first = run_dropout_wrapper(network.embedding.detach().numpy()[tokens], cells[0], into, one, masks["between.2"][0])
    above, second = run_dropout_wrapper(np.array(below), cells[1], 1, two, masks["output.2"][0])
    np.testing.assert_allclose(found, above, rtol=0, atol=1e-12)
    for (state,), handed_out, mask in zip(states, (first, second), (one, two), strict=True):
        np.testing.assert_allclose(state.numpy() * mask, handed_out, rtol=0, atol=1e-12)
    assert "the wrapper masks the whole outgoing state" in METHODS["tf-variational"].pitfall


def test_semeniutas_mask_on_g_equals_a_mask_on_i() -> None:
    state, mask = make_random_state("lstm", 2, 4), np.array([[1, 0, 1, 1], [0, 0, 2, 1.0]])
    on_g = run_one_step("lstm", state, LayerMasks(candidate=mask))
    on_i = run_one_step("lstm", state, LayerMasks(input_gate=mask))
    for a, b in zip(on_g, on_i, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-15)


def test_dropout_of_nn_lstm_does_nothing_at_one_layer() -> None:
    torch.manual_seed(0)
    with pytest.warns(UserWarning, match="non-zero dropout expects num_layers greater than 1"):
        one = nn.LSTM(3, 4, dropout=0.5)
    none = nn.LSTM(3, 4)
    none.load_state_dict(one.state_dict())
    x = torch.randn(5, 2, 3)
    assert torch.equal(one.train()(x)[0], none(x)[0])
    e = build_experiment(layers=1, hidden=4, placement=METHODS["pytorch"].build_placement())
    assert draw_masks(e.placement, e.shape, 7, 1) == {}


@pytest.mark.parametrize("rate", [0.25, 0.5])
def test_moon_with_inverted_scaling_grows_and_with_test_scaling_shrinks(rate: float) -> None:
    """The mask of a sequence multiplies a kept unit Δ + 1 times: by k^-(Δ+1) in training, by k^(Δ+1) at test."""
    steps = 12
    placement = Placement.from_sites({"cell": Dropout(rate, time="sequence")})
    mask = draw_masks(placement, NetworkShape(steps, 1, 1, (64,)), 7, 1)["cell.1"][0]
    tested = get_test_time_values(
        Placement.from_sites({"cell": Dropout(rate, time="sequence", scaling="test")}), NetworkShape(steps, 1, 1, (64,))
    )
    kept = mask[0] > 0
    for m, factor in ((mask, 1 / (1 - rate)), (tested["cell.1"][0].astype(float), 1 - rate)):
        c = np.ones((1, 64))
        for step in range(steps):
            # f = 1 and i = 0: the content stays, except for the mask.
            _h, c = step_with_open_forget_gate(c, LayerMasks(cell=m))
            where = kept if m is mask else slice(None)
            np.testing.assert_allclose(c[0, where], factor ** (step + 1), rtol=1e-5)


def step_with_open_forget_gate(c: Any, masks: LayerMasks) -> Any:
    hidden = c.shape[1]
    wx = np.concatenate([np.full((1, hidden), v) for v in (-60.0, 60.0, 0.0, 0.0)], axis=1)
    U, b = np.zeros((4 * hidden, hidden)), np.zeros(4 * hidden)
    return STEPS["lstm"].step(wx, (np.zeros((1, hidden)), c), U, b, masks, NUMPY)


def test_the_masks_of_gal_repeat_over_time_and_those_of_zaremba_do_not() -> None:
    e = build_experiment(placement=METHODS["gal2016"].build_placement())
    fresh = draw_masks(METHODS["zaremba2014"].build_placement(), e.shape, 7, 1)
    repeated = draw_masks(e.placement, replace(e.shape, tokens=50), 7, 1)
    assert all(len(mask) == 1 for mask in repeated.values())
    assert all(len({step.tobytes() for step in mask}) == e.steps for mask in fresh.values())


@pytest.mark.parametrize(
    ("site", "cell"), [(site.name, cell) for site in SITES.values() if site.kind == "units" for cell in site.cells]
)
def test_at_test_every_scaling_gives_what_it_says(site: str, cell: str) -> None:
    """Inverted and Gaussian scaling act as without dropout, test scaling as if every mask were 1-p."""

    def outputs(dropout: Dropout) -> list[Any]:
        placement = Placement.from_sites({site: dropout})
        e = build_experiment(cell=cell, layers=2, hidden=3, embedding=3, steps=4, batch=2, placement=placement)
        net, masks = Network(5, 4, e).double(), get_test_time_values(e.placement, replace(e.shape, tokens=5))
        x = torch.arange(8).reshape(4, 2) % 5
        with torch.no_grad():
            tensors = to_torch(masks, torch.device("cpu"), torch.float64)
            hs, _states = net(x, net.zero_states(2), tensors)
            return [net.decoder_input(hs, tensors), masks]

    plain, inverted = outputs(build_dropout(site))[0], outputs(build_dropout(site, 0.25))[0]
    assert torch.equal(plain, inverted)
    noisy = outputs(build_dropout(site, 0.25, noise="gaussian", scaling="none"))[0]
    assert torch.equal(plain, noisy)
    scaled, values = outputs(build_dropout(site, 0.25, scaling="test"))
    assert {float(value.item()) for value in values.values()} == {0.75}
    assert not torch.equal(plain, scaled)


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_by_finite_differences(cell: str) -> None:
    """The readable step in torch, with every site of the cell on and a tiny shape."""
    sites = [site.name for site in SITES.values() if cell in site.cells]
    e = build_experiment(
        cell=cell,
        layers=2,
        hidden=2,
        embedding=2,
        steps=3,
        batch=1,
        engine="reference",
        placement=Placement.from_sites({site: build_dropout(site, 0.3) for site in sites}),
    )
    net = Network(3, 2, e).double()
    drawn = {
        name: mask for name, mask in draw_masks(e.placement, replace(e.shape, tokens=3), 7, 1).items() if name != "words.1"
    }
    masks = to_torch(drawn, torch.device("cpu"), torch.float64)
    x = torch.tensor([[0], [2], [1]])
    weights = [*net.W, *net.U, *net.b]

    def run(*given: Tensor) -> Tensor:
        named = dict(zip((name for name, p in net.named_parameters() if any(p is w for w in weights)), given, strict=True))
        hs, _states = torch.func.functional_call(net, named, (x, net.zero_states(1), masks))
        return net.decoder_input(hs, masks)

    assert torch.autograd.gradcheck(run, [w.detach().clone().requires_grad_() for w in weights])


def compute_total_loss(losses: dict[str, float]) -> tuple[Tensor, Any, Any]:
    """Return the loss of one batch, its two forward passes, and the network."""
    e = build_experiment(layers=2, hidden=3, embedding=3, steps=4, batch=2, placement=METHODS["zaremba2014"].build_placement())
    net = Network(5, 4, e)
    x = np.arange(8).reshape(4, 2) % 5
    batch = Batch(x, (x + 1) % 4, True)
    masks = [to_torch(draw_masks(e.placement, e.shape, 7, 1, n), torch.device("cpu")) for n in (0, 1)]
    passes = [forward(net, batch, net.zero_states(2), drawn) for drawn in masks]
    return total_loss(passes[: 2 if "fraternal" in losses else 1], losses), passes, net


def test_the_loss_terms_are_those_of_the_papers() -> None:
    plain, (one, two), _net = compute_total_loss({})
    ar, tar = one.decoder_input.square().mean(), (one.h[1:] - one.h[:-1]).square().mean()
    assert not torch.equal(one.h, one.decoder_input), "AR is taken of the dropped h, TAR of the undropped"
    torch.testing.assert_close(compute_total_loss({"ar": 2.0, "tar": 3.0})[0], plain + 2 * ar + 3 * tar)
    apart = (one.scores - two.scores).square().mean()
    torch.testing.assert_close(compute_total_loss({"fraternal": 0.15})[0], (one.loss + two.loss) / 2 + 0.15 * apart)


def test_a_mask_that_is_absent_leaves_the_step_alone() -> None:
    for cell in CELLS:
        state = make_random_state(cell, 2, 3)
        ones = LayerMasks(
            **{
                name: np.ones((2, 3))
                for name, _mask in LayerMasks(
                    **{site: 1 for site in SITES if SITES[site].is_recurrent and SITES[site].kind != "weights"}
                ).recurrent
            }
        )
        for a, b in zip(run_one_step(cell, state, LayerMasks()), run_one_step(cell, state, ones), strict=True):
            np.testing.assert_array_equal(a, b)


def test_no_masks_are_no_arrays() -> None:
    (layer,) = group_masks_by_layer({}, 1, "lstm")
    assert layer == LayerMasks()
    assert list(layer.recurrent) == []
    hs, _state = unroll(STEPS["rnn"], np.zeros((2, 1, 3)), (np.zeros((1, 3)),), np.eye(3), np.zeros(3), layer, NUMPY)
    assert (layer.into is ONE, hs.shape) == (True, (2, 1, 3))
