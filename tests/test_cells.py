"""The cells and engines without masks.

Oracles: torch.nn.LSTM, GRU and RNN in float64, outputs and all gradients; for the fused kernels in float32, the step in float64
within FUSED_BOUND.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from core.experiment.bounds import ENGINES
from core.nn.cells import CELLS, NUMPY, ONE, LayerMasks, State, run_layers, unroll
from core.nn.engines import LayerWeights, run_layer

pytestmark = pytest.mark.usefixtures("one_thread")

# PyTorch's modules, and the kernels that show that they ran: oneDNN's for the LSTM.
MODULES: dict[str, Any] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
KERNELS = {"lstm": "aten::mkldnn_rnn_layer", "gru": "aten::gru", "rnn": "aten::rnn_tanh"}
# Largest difference of float32 from float64, over the largest number of the array compared. Sums of a few hundred
# products of float32 (2⁻²⁴ = 6e-8 each) over 20 steps; 6e-7 was measured.
FUSED_BOUND = 2e-6


def make_modules(cell: str, sizes: list[int], dtype: torch.dtype) -> nn.ModuleList:
    """Return PyTorch's module for each layer, since its own stack has one width only; its first bias is 0, as in the engine."""
    torch.manual_seed(5)
    layers = nn.ModuleList(MODULES[cell](below, units, dtype=dtype) for below, units in pairwise(sizes))
    for layer in layers:
        nn.init.zeros_(layer.bias_ih_l0)  # type: ignore[arg-type]
    return layers


def list_weights(layer: nn.Module) -> list[Tensor]:
    return [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_hh_l0]  # type: ignore[list-item]


def relative_difference(a: Tensor, b: Tensor) -> float:
    """Return the largest difference over the largest absolute value."""
    return float((a.double() - b.double()).abs().max() / b.double().abs().max())


def run_stack(x: Tensor, states: list[State], weights: list[list[Tensor]], cell: str, engine: str) -> list[Tensor]:
    """Return h of all steps and the last states of every layer, computed by the engine."""

    def run(x: Tensor, state: State, layer_weights: LayerWeights, masks: LayerMasks) -> tuple[Tensor, State]:
        return run_layer(x, state, layer_weights, masks, cell, engine)

    hs, after = run_layers(x, states, [LayerWeights(*arrays) for arrays in weights], [LayerMasks()] * len(weights), run)
    return [hs, *(part for state in after for part in state)]


def with_gradients(outputs: list[Tensor], inputs: list[Tensor]) -> list[Tensor]:
    """Return the outputs, and the gradients of a sum of them with random weights."""
    generator = torch.Generator().manual_seed(1)
    loss = sum((out * torch.randn(out.shape, generator=generator, dtype=torch.float64).to(out.dtype)).sum() for out in outputs)
    return [*(out.detach() for out in outputs), *torch.autograd.grad(loss, inputs)]  # type: ignore[arg-type]


def run_engine_and_module(
    cell: str, sizes: list[int], steps: int, batch: int, engine: str, dtype: torch.dtype
) -> tuple[list[Tensor], list[Tensor]]:
    """Return outputs and gradients of the engine in `dtype` and of the module in float64, from the same weights and inputs."""
    layers, parts = make_modules(cell, sizes, torch.float64), len(CELLS[cell].carries)
    x, *states = (
        torch.randn(steps, batch, sizes[0], dtype=torch.float64),
        *(torch.randn(parts, batch, units, dtype=torch.float64) for units in sizes[1:]),
    )
    actual = [
        a.detach().to(dtype).requires_grad_() for a in (x, *states, *(w for layer in layers for w in list_weights(layer)))
    ]
    engine_x, engine_states, engine_weights = actual[0], actual[1 : len(sizes)], actual[len(sizes) :]
    grouped = [engine_weights[i : i + 3] for i in range(0, len(engine_weights), 3)]
    engine_out = run_stack(engine_x, [tuple(s) for s in engine_states], grouped, cell, engine)
    expected = [a.requires_grad_() for a in (x, *states)]
    hs, last = expected[0], []
    for layer, state in zip(layers, expected[1:], strict=True):
        hs, after = layer(hs, (state[:1], state[1:]) if parts == 2 else state)
        last += [part[0] for part in after] if parts == 2 else [after[0]]
    inputs = [*expected, *(w for layer in layers for w in list_weights(layer))]
    return with_gradients(engine_out, actual), with_gradients([hs, *last], inputs)


@pytest.mark.parametrize("cell", MODULES)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("sizes", "steps", "batch"), [([3, 4], 1, 1), ([3, 4], 6, 2), ([2, 5, 3], 5, 3), ([1, 2, 3, 4, 1], 3, 2)]
)
def test_float64_equals_the_module(sizes: list[int], steps: int, batch: int, engine: str, cell: str) -> None:
    actual, expected = run_engine_and_module(cell, sizes, steps, batch, engine, torch.float64)
    largest = max(float((a - b).abs().max()) for a, b in zip(actual, expected, strict=True))
    assert largest < 1e-10, f"differs by {largest}"


@pytest.mark.parametrize("cell", MODULES)
def test_the_fused_kernel_stays_within_its_bound_of_float64(cell: str) -> None:
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        actual, expected = run_engine_and_module(cell, [32, 48, 64], 20, 8, "fused", torch.float32)
    assert [a.dtype for a in actual] == [torch.float32] * len(actual)
    assert KERNELS[cell] in {event.name for event in profiled.events()}
    largest = max(relative_difference(a, b) for a, b in zip(actual, expected, strict=True))
    assert largest < FUSED_BOUND, f"differs by {largest}"


@pytest.mark.parametrize("cell", MODULES)
def test_by_hand_in_float32_stays_within_the_same_bound(cell: str) -> None:
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        actual, expected = run_engine_and_module(cell, [32, 48, 64], 20, 8, "bptt", torch.float32)
    assert "_BpttLayer" in {event.name for event in profiled.events()}
    largest = max(relative_difference(a, b) for a, b in zip(actual, expected, strict=True))
    assert largest < FUSED_BOUND, f"differs by {largest}"


def test_a_second_derivative_by_hand_fails_loudly() -> None:
    """A penalty on gradients must not be silently wrong: it needs the reference engine."""
    x = torch.randn(3, 2, 4, requires_grad=True)
    weights = LayerWeights(*(torch.randn(*size, requires_grad=True) for size in ((16, 4), (16, 4), (16,))))
    hs, _after = run_layer(x, (torch.zeros(2, 4),) * 2, weights, LayerMasks(), "lstm", "bptt")
    with pytest.raises(RuntimeError, match="use the reference engine"):
        torch.autograd.grad(hs.sum(), x, create_graph=True)


@pytest.mark.parametrize("cell", MODULES)
def test_the_reference_engine_runs_the_readable_step(cell: str) -> None:
    rows = 8 * len(CELLS[cell].gates)
    weights = [torch.ones(rows, 8), torch.ones(rows, 8), torch.ones(rows)]
    state = tuple(torch.zeros(2, 8) for _part in CELLS[cell].carries)
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        run_stack(torch.ones(4, 2, 8), [state], [weights], cell, "reference")
    names = {event.name for event in profiled.events()}
    assert KERNELS[cell] not in names
    assert "aten::tanh" in names


def test_the_numpy_reading_of_the_step_equals_torch() -> None:
    random = np.random.default_rng(3)
    T, B, E, H = 5, 2, 3, 4
    x, h, c = random.normal(size=(T, B, E)), random.normal(size=(B, H)), random.normal(size=(B, H))
    W, U, b = random.normal(size=(4 * H, E)), random.normal(size=(4 * H, H)), random.normal(size=4 * H)
    hs, (last_h, last_c) = unroll(CELLS["lstm"], NUMPY.masked_product(W, ONE, x), (h, c), U, b, LayerMasks(), NUMPY)
    tensors = [torch.from_numpy(a) for a in (x, h, c, W, U, b)]
    expected = run_stack(tensors[0], [(tensors[1], tensors[2])], [tensors[3:]], "lstm", "reference")
    for array, tensor in zip((hs, last_h, last_c), expected, strict=True):
        np.testing.assert_allclose(array, tensor.numpy(), rtol=0, atol=1e-12)
