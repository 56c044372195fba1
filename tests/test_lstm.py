"""The step of the LSTM and its engines without masks. Oracle: torch.nn.LSTM in float64, outputs and all gradients; and
for oneDNN's fused kernel, which exists in float32 only, the step in float64, within the bound stated here."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from core.recurrence.cells import NUMPY, ONE, LayerMasks, lstm, stack, unroll
from core.recurrence.engine import State, Weights, run_layer

KERNEL = "aten::mkldnn_rnn_layer"
# Largest difference of float32 from float64, over the largest number of the array compared. Sums of a few hundred
# products of float32 (2⁻²⁴ = 6e-8 each) over 20 steps; 6e-7 was seen.
FUSED_BOUND = 2e-6


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Shapes this small gain nothing from more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def oracle(sizes: list[int], dtype: torch.dtype) -> nn.ModuleList:
    """nn.LSTM layer by layer, since its own stack knows one width only. Its second bias is 0, as in the engine."""
    torch.manual_seed(5)
    layers = nn.ModuleList(nn.LSTM(below, own, dtype=dtype) for below, own in pairwise(sizes))
    for layer in layers:
        nn.init.zeros_(layer.bias_hh_l0)  # type: ignore[arg-type]
    return layers


def weights_of(layer: nn.Module) -> list[Tensor]:
    return [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0]  # type: ignore[list-item]


def difference(a: Tensor, b: Tensor) -> float:
    """The largest difference, over the largest number."""
    return float((a.double() - b.double()).abs().max() / b.double().abs().max())


def run_stack(x: Tensor, states: list[State], weights: list[list[Tensor]], engine: str) -> list[Tensor]:
    """h of all steps, and the last h and c of every layer, by the engine."""

    def run(x: Tensor, state: State, own: Weights, masks: LayerMasks) -> tuple[Tensor, State]:
        return run_layer(x, state, own, masks, "lstm", engine)

    hs, after = stack(x, states, [Weights(*own) for own in weights], [LayerMasks()] * len(weights), run)
    return [hs, *(part for state in after for part in state)]


def with_gradients(outputs: list[Tensor], inputs: list[Tensor]) -> list[Tensor]:
    """The outputs, and the gradients of a sum that weighs every number of them differently."""
    generator = torch.Generator().manual_seed(1)
    loss = sum((out * torch.randn(out.shape, generator=generator, dtype=torch.float64).to(out.dtype)).sum() for out in outputs)
    return [*(out.detach() for out in outputs), *torch.autograd.grad(loss, inputs)]  # type: ignore[arg-type]


def both(sizes: list[int], steps: int, batch: int, engine: str, dtype: torch.dtype) -> tuple[list[Tensor], list[Tensor]]:
    """Outputs and gradients of the engine in `dtype`, and of nn.LSTM in float64, from the same weights and inputs."""
    layers = oracle(sizes, torch.float64)
    x, *states = (torch.randn(steps, batch, sizes[0], dtype=torch.float64),
                  *(torch.randn(2, batch, own, dtype=torch.float64) for own in sizes[1:]))  # fmt: skip
    ours = [a.detach().to(dtype).requires_grad_() for a in (x, *states, *(w for layer in layers for w in weights_of(layer)))]
    own_x, own_states, own_weights = ours[0], ours[1 : len(sizes)], ours[len(sizes) :]
    engine_out = run_stack(own_x, [(s[0], s[1]) for s in own_states],
                           [own_weights[i : i + 3] for i in range(0, len(own_weights), 3)], engine)  # fmt: skip
    theirs = [a.requires_grad_() for a in (x, *states)]
    hs, last = theirs[0], []
    for layer, state in zip(layers, theirs[1:], strict=True):
        hs, (h, c) = layer(hs, (state[:1], state[1:]))
        last += [h[0], c[0]]
    inputs = [*theirs, *(w for layer in layers for w in weights_of(layer))]
    return with_gradients(engine_out, ours), with_gradients([hs, *last], inputs)


@pytest.mark.parametrize("engine", ["reference", "auto"])
@pytest.mark.parametrize(
    ("sizes", "steps", "batch"), [([3, 4], 1, 1), ([3, 4], 6, 2), ([2, 5, 3], 5, 3), ([1, 2, 3, 4, 1], 3, 2)]
)
def test_float64_equals_nn_lstm(sizes: list[int], steps: int, batch: int, engine: str) -> None:
    ours, theirs = both(sizes, steps, batch, engine, torch.float64)
    worst = max(float((a - b).abs().max()) for a, b in zip(ours, theirs, strict=True))
    assert worst < 1e-10, f"differs by {worst}"


def test_the_fused_kernel_stays_within_its_bound_of_float64() -> None:
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        ours, theirs = both([32, 48, 64], 20, 8, "auto", torch.float32)
    assert [a.dtype for a in ours] == [torch.float32] * len(ours)
    assert KERNEL in {event.name for event in seen.events()}
    worst = max(difference(a, b) for a, b in zip(ours, theirs, strict=True))
    assert worst < FUSED_BOUND, f"differs by {worst}"


def test_the_reference_engine_runs_the_readable_step() -> None:
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        both([8, 8], 4, 2, "reference", torch.float32)
    names = {event.name for event in seen.events()}
    assert KERNEL not in names
    assert "aten::sigmoid" in names


def test_the_numpy_reading_of_the_step_equals_torch() -> None:
    random = np.random.default_rng(3)
    T, B, E, H = 5, 2, 3, 4
    x, h, c = random.normal(size=(T, B, E)), random.normal(size=(B, H)), random.normal(size=(B, H))
    W, U, b = random.normal(size=(4 * H, E)), random.normal(size=(4 * H, H)), random.normal(size=4 * H)
    hs, (last_h, last_c) = unroll(lstm, NUMPY.product(W, ONE, x) + b, (h, c), U, LayerMasks(), NUMPY)
    tensors = [torch.from_numpy(a) for a in (x, h, c, W, U, b)]
    expected = run_stack(tensors[0], [(tensors[1], tensors[2])], [tensors[3:]], "reference")
    for ours, theirs in zip((hs, last_h, last_c), expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-12)
