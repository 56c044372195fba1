"""Handwritten backpropagation on a GPU. Oracle: the loop of tests/reference.py on the CPU in float64, values and gradients.

Without a GPU, the loops run on the CPU with the operations that they use on a GPU.
"""

from types import ModuleType
from typing import Any

import pytest
import torch

from core.dropout.methods import METHODS
from core.nn.bptt import arrays, gates, gru, lstm, recurrent_product, rnn, zoneout
from tests.test_network import (
    assert_equal,
    draw_test_masks,
    make_experiment,
    make_inputs,
    make_network,
    run_network,
    run_reference_loop,
    to_double_tensors,
    with_gradients,
)

HAS_GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if HAS_GPU else "cpu")
# Methods with every kind of mask: none, on the state, per gate, on gates, the cell, the candidate, weights, Zoneout.
METHOD_NAMES = (
    "none",
    "naive-state",
    "gal2016-untied",
    "naive-cell",
    "gate",
    "semeniuta2016",
    "krueger2016",
    "merity2017",
    "moon2015",
)
CASES = [(name, cell) for name in METHOD_NAMES for cell in METHODS[name].cells]


def return_torch(like: Any) -> ModuleType:
    return torch


@pytest.fixture(autouse=True)
def use_torch_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use torch's operations alone, as on a GPU, if there is no GPU."""
    for module in () if HAS_GPU else (arrays, gates, gru, lstm, recurrent_product, rnn, zoneout):
        monkeypatch.setattr(module, "choose_library", return_torch)


@pytest.mark.parametrize(("method", "cell"), CASES)
def test_the_loops_on_a_gpu_equal_the_reference(method: str, cell: str) -> None:
    e = make_experiment(METHODS[method].build_placement(cell=cell).resolve_schedules(150), 2, "bptt", cell)
    net, (x, states), masks = make_network(e), make_inputs(e), draw_test_masks(e)
    expected = with_gradients(net, run_reference_loop(net, x, states, to_double_tensors(masks)))
    masks = {name: mask.to(DEVICE) for name, mask in to_double_tensors(masks).items()}
    device_states = [tuple(part.to(DEVICE) for part in state) for state in states]
    net = net.to(DEVICE)
    outputs = [out.cpu() for out in run_network(net, x.to(DEVICE), device_states, masks)]
    gradients = with_gradients(net, outputs)
    assert_equal([one.cpu() for one in gradients], expected, 1e-10)
