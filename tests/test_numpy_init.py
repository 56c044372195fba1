"""The initial weights without torch, bit for bit against those of the model that trains."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dropout.cells import CELLS
from core.errors import Invalid
from core.experiment.batches import load_data
from core.experiment.experiment import Experiment, build_experiment
from core.nn.network import Network
from core.nn.numpy_init import draw_initial_weights


def make_small(cell: str = "lstm", seed: int = 7, hidden: int | tuple[int, ...] = (5, 9), **given: object) -> Experiment:
    layers = len(hidden) if isinstance(hidden, tuple) else 2
    return build_experiment("delayed-recall", {"lag": 3}, cell=cell, layers=layers, hidden=hidden, weight_seed=seed, **given)


@pytest.mark.parametrize("cell", CELLS)
@given(
    seed=st.integers(0, 2**32 - 1),
    hidden=st.lists(st.integers(1, 40), min_size=1, max_size=4).map(tuple),
    embedding=st.none() | st.integers(1, 30),
    bias=st.sampled_from([1.0, 3.0, -0.25, None]),
    all_in=st.sampled_from([None, 0.1, 0.04]),
)
def test_they_are_those_of_the_model(
    cell: str, seed: int, hidden: tuple[int, ...], embedding: int | None, bias: float | None, all_in: float | None
) -> None:
    assert_same(make_small(cell, seed, hidden, embedding=embedding, forget_bias=bias, init_range=all_in))


@pytest.mark.parametrize("all_in", [None, 0.1])
def test_those_of_a_tied_decoder_are_the_embeddings(all_in: float | None) -> None:
    tied = build_experiment("language-model", {"words": 2000}, hidden=(5, 4), embedding=4, init_range=all_in, decoder="tied")
    assert_same(tied)
    assert draw_initial_weights(tied).decoder is draw_initial_weights(tied).embedding


def assert_same(experiment: Experiment) -> None:
    data = load_data(experiment)
    model, ours = Network(data.tokens, data.classes, experiment), draw_initial_weights(experiment)
    pairs = [(model.embedding, ours.embedding), (model.decoder, ours.decoder), (model.decoder_bias, ours.decoder_bias)]
    for theirs, mine in zip(zip(model.W, model.U, model.b, strict=True), ours.layers, strict=True):
        pairs += zip(theirs, mine, strict=True)
    for n, (torch_s, own) in enumerate(pairs):
        assert own.dtype == np.float32
        assert np.array_equal(torch_s.detach().numpy(), own), f"weights {n} differ"


def test_the_default_network_is_within_reach_and_a_huge_one_is_refused() -> None:
    assert draw_initial_weights(build_experiment()).layers[1][0].shape == (512, 128)
    with pytest.raises(Invalid, match="weights; the page computes with at most"):
        draw_initial_weights(build_experiment(hidden=1000))
