"""A stacked LSTM with masks, written a second time and independently: gate by gate, step by step, straight from the
equations. It runs on NumPy arrays and on torch tensors (whose gradients are then an oracle too), slowly."""

from collections.abc import Mapping, Sequence
from typing import Any

GATES = "ifgo"  # the order of the blocks of W, U and b


def lstm_stack(xp: Any, x: Any, states: Sequence[tuple[Any, Any]], layers: Sequence[tuple[Any, Any, Any]],
               masks: Mapping[str, Any]) -> tuple[list[Any], list[tuple[Any, Any]]]:  # fmt: skip
    """x [T, B, E], states (h, c) [B, H] and (W, U, b) per layer; masks by name, "site.layer" or "site.layer.gate".

    xp: numpy or torch. Returns what the decoder sees, T arrays [B, H], and the states after the last step.

        i f o = σ(W (d ⊙ x) + U (d ⊙ h₋) + b)    g = tanh(the same)    c = d ⊙ (f ⊙ c₋ + i ⊙ (d ⊙ g))    h = o ⊙ tanh(c)
    """
    states, out = list(states), []
    for t in range(len(x)):
        below = x[t]
        for n, (W, U, b) in enumerate(layers):
            h, c = states[n]
            size = h.shape[-1]
            a = {}
            for row, gate in enumerate(GATES):
                rows = slice(row * size, (row + 1) * size)
                into = _mask(masks, "input" if n == 0 else "between", n + 1, gate, t) * below
                back = _mask(masks, "state", n + 1, gate, t) * h
                a[gate] = into @ W[rows].T + back @ U[rows].T + b[rows]
            i, f, o = (1 / (1 + xp.exp(-a[gate])) for gate in "ifo")
            g = _mask(masks, "candidate", n + 1, "", t) * xp.tanh(a["g"])
            c = _mask(masks, "cell", n + 1, "", t) * (f * c + i * g)
            below = o * xp.tanh(c)
            states[n] = below, c
        out.append(_mask(masks, "output", len(layers), "", t) * below)
    return out, states


def _mask(masks: Mapping[str, Any], site: str, layer: int, gate: str, t: int) -> Any:
    mask = masks.get(f"{site}.{layer}.{gate}", masks.get(f"{site}.{layer}"))
    return 1 if mask is None else mask[t % len(mask)]
