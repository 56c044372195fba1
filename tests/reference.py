"""An independent reference implementation of stacked recurrent layers with masks, gate by gate and step by step.

It runs on NumPy arrays and on torch tensors, whose gradients are an oracle too. It is slow.
"""

from collections.abc import Mapping, Sequence
from typing import Any

GATES = {"lstm": "ifgo", "gru": "rzg", "rnn": "g", "rnn-logistic": "g"}  # the order of the blocks of W, U and b


def recurrent_stack(
    xp: Any,
    x: Any,
    states: Sequence[tuple[Any, ...]],
    layers: Sequence[tuple[Any, Any, Any]],
    masks: Mapping[str, Any],
    cell: str = "lstm",
) -> tuple[list[Any], list[tuple[Any, ...]]]:
    """Return the inputs of the decoder, T arrays [B, H], and the states after the last step.

    xp: numpy or torch. x: [T, B, E]. states: (h, c) or (h,), [B, H], per layer. layers: (W, U, b) per layer. masks: by key,
    "site.layer" or "site.layer.gate"; that of words has one factor per token.
    """
    states, out = list(states), []
    for t in range(len(x)):
        below = _mask(masks, "words", 1, "", t) * x[t]
        for n, weights in enumerate(layers):
            new = STEPS[cell](xp, ReferenceLayer(masks, n + 1, t, weights, GATES[cell]), below, states[n])
            states[n] = _apply_zoneout(masks, n + 1, t, states[n], new)
            below = states[n][0]
        out.append(_mask(masks, "output", len(layers), "", t) * below)
    return out, states


class ReferenceLayer:
    """The masks and weights of one layer at one step."""

    def __init__(self, masks: Mapping[str, Any], number: int, t: int, weights: tuple[Any, Any, Any], gates: str) -> None:
        self.masks, self.number, self.t, self.gates = masks, number, t, gates
        self.W, self.U, self.b = weights

    def mask(self, site: str, gate: str = "") -> Any:
        return _mask(self.masks, site, self.number, gate, self.t)

    def product(self, A: Any, site: str, weight_site: str, gate: str, v: Any) -> Any:
        """Return (M ⊙ A)(d ⊙ v) of one gate for every sample."""
        size = len(A) // len(self.gates)
        row = self.gates.index(gate)
        block = A[row * size : (row + 1) * size]
        return ((self.mask(weight_site, gate) * block) * (self.mask(site, gate) * v)[:, None, :]).sum(-1)

    def from_below(self, gate: str, x: Any) -> Any:
        return self.product(self.W, "input" if self.number == 1 else "between", "input_weights", gate, x)

    def from_before(self, gate: str, h: Any) -> Any:
        """Return U h₋ + b of one gate."""
        size, row = len(self.b) // len(self.gates), self.gates.index(gate)
        return self.product(self.U, "state", "recurrent_weights", gate, h) + self.b[row * size : (row + 1) * size]


def _lstm(xp: Any, m: ReferenceLayer, x: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return (h, c) after one step of an LSTM.

    i f o = σ(W x + U h₋ + b)    g = tanh(the same)    c = d ⊙ (f ⊙ c₋ + i ⊙ (d ⊙ g))    h = o ⊙ tanh(c)
    """
    h, c = state
    a = {gate: m.from_below(gate, x) + m.from_before(gate, h) for gate in "ifgo"}
    i = m.mask("input_gate") * _sigmoid(xp, a["i"])
    f = m.mask("forget_gate") * _sigmoid(xp, a["f"])
    o = m.mask("output_gate") * _sigmoid(xp, a["o"])
    c = m.mask("cell") * (f * c + i * (m.mask("candidate") * xp.tanh(a["g"])))
    return o * xp.tanh(c), c


def _gru(xp: Any, m: ReferenceLayer, x: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return (h,) after one step of a GRU.

    r z = σ(W x + U h₋ + b)    g = tanh(W x + r ⊙ (U h₋ + b))    h = (1 - z) ⊙ (d ⊙ g) + z ⊙ h₋

    where h₋ is that of the step before, times the mask on the whole state.
    """
    h = state[0] * m.mask("whole_state")
    r = m.mask("reset_gate") * _sigmoid(xp, m.from_below("r", x) + m.from_before("r", h))
    z = m.mask("update_gate") * _sigmoid(xp, m.from_below("z", x) + m.from_before("z", h))
    g = xp.tanh(m.from_below("g", x) + r * m.from_before("g", h))
    return ((1 - z) * (m.mask("candidate") * g) + z * h,)


def _rnn(xp: Any, m: ReferenceLayer, x: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return (h,) after one step of a plain RNN: h = tanh(W x + U h₋ + b)."""
    return (xp.tanh(m.from_below("g", x) + m.from_before("g", state[0])),)


def _logistic(xp: Any, m: ReferenceLayer, x: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return (h,) after one step of a plain RNN with the logistic sigmoid: h = σ(W x + U h₋ + b)."""
    return (_sigmoid(xp, m.from_below("g", x) + m.from_before("g", state[0])),)


STEPS = {"lstm": _lstm, "gru": _gru, "rnn": _rnn, "rnn-logistic": _logistic}


def _apply_zoneout(masks: Mapping[str, Any], layer: int, t: int, old: tuple[Any, ...], new: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return keep ⊙ old + (1 - keep) ⊙ new, where `keep` is 1 - the Zoneout mask, or 0 without one."""
    keep = [1 - _mask(masks, site, layer, "", t) for site in ("zoneout_state", "zoneout_cell")]
    return tuple(k * o + (1 - k) * n for k, o, n in zip(keep, old, new, strict=False))


def _sigmoid(xp: Any, a: Any) -> Any:
    return 1 / (1 + xp.exp(-a))


def _mask(masks: Mapping[str, Any], site: str, layer: int, gate: str, t: int) -> Any:
    mask = masks.get(f"{site}.{layer}.{gate}", masks.get(f"{site}.{layer}"))
    return 1 if mask is None else mask[t % len(mask)]
