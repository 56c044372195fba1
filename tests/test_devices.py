"""The loops by hand on tensors of another device. Oracle: the loop of reference.py on the processor, in float64, values and
gradients. Where there is no GPU, the loops are told that the processor's tensors are of such a device."""

from types import ModuleType
from typing import Any

import pytest
import torch

from core.dropout.methods import METHODS
from core.nn.bptt import arrays, gates, gru, lstm, recurrent_product, rnn, zoneout
from tests.test_network import (
    assert_equal,
    by_the_loop,
    by_the_network,
    drawn,
    experiment,
    in_torch,
    inputs,
    network,
    with_gradients,
)

HAS_GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if HAS_GPU else "cpu")
# Every way that masks can meet the loops: none, on the state, per gate, on gates, the cell, the candidate, weights, Zoneout.
WAYS = ("none", "naive-state", "gal2016-untied", "naive-cell", "gate", "semeniuta2016", "krueger2016", "merity2017", "moon2015")
CASES = [(name, cell) for name in WAYS for cell in METHODS[name].cells]


def torch_alone(like: Any) -> ModuleType:
    return torch


@pytest.fixture(autouse=True)
def another_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no GPU, as if there were: torch's operations alone, and all steps at once where the cache sets groups."""
    for module in () if HAS_GPU else (arrays, gates, gru, lstm, recurrent_product, rnn, zoneout):
        monkeypatch.setattr(module, "library", torch_alone)


@pytest.mark.parametrize(("method", "cell"), CASES)
def test_the_loops_elsewhere_say_the_same(method: str, cell: str) -> None:
    e = experiment(METHODS[method].placement(cell=cell).at(150), 2, "bptt", cell)
    net, (x, states), masks = network(e), inputs(e), drawn(e)
    expected = with_gradients(net, by_the_loop(net, x, states, in_torch(masks)))
    there = {name: mask.to(DEVICE) for name, mask in in_torch(masks).items()}
    moved = [tuple(part.to(DEVICE) for part in state) for state in states]
    net = net.to(DEVICE)
    outputs = [out.cpu() for out in by_the_network(net, x.to(DEVICE), moved, there)]
    found = with_gradients(net, outputs)
    assert_equal([one.cpu() for one in found], expected, 1e-10)
