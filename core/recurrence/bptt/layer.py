"""One layer by hand: an autograd Function around a cell's loops."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.recurrence.bptt import gru, lstm, rnn
from core.recurrence.cells import LayerMasks, State

# The loops of each cell: forward, backward.
LOOPS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "lstm": (lstm.forward, lstm.backward),
    "gru": (gru.forward, gru.backward),
    "rnn": (rnn.tanh, rnn.backward),
    "rnn-logistic": (rnn.logistic, rnn.backward),
}
# The order of gates and the factors in which each wants its weights.
ROWS = {"lstm": lstm.ROWS, "gru": gru.ROWS, "rnn": rnn.TANH, "rnn-logistic": rnn.LOGISTIC}
# Numbers beyond all bounds are noticed by who trains, as with torch, which does not warn of them either.
quiet = partial(np.errstate, over="ignore", invalid="ignore")


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, cell: str, m: LayerMasks, wx: Tensor, U: Tensor, b: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        run, ctx.backwards = LOOPS[cell]
        with quiet():
            hs, last, ctx.saved = run(wx, state, U, b, m)
        return hs.transpose(1, 2).contiguous(), *(one.t().contiguous() for one in last)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        # Torch's own guard, once_differentiable, is silent where what comes in needs no gradient, and the result then lacks
        # its second derivative.
        if torch.is_grad_enabled():
            raise RuntimeError("Backpropagation by hand cannot be differentiated again; use the reference engine.")
        above, *last = gradients
        with quiet():
            dwx, dU, db, first = ctx.backwards(ctx.saved, above, last)
        return None, None, dwx, dU, db, *first


def run_by_hand(wx: Tensor, state: State, U: Tensor, b: Tensor, masks: LayerMasks, cell: str) -> tuple[Tensor, State]:
    """One layer over wx [T, B, gates·H], what the input's product gives, from state [B, H] each; U [gates·H, H], or
    [T|1, B|1, gates·H, H] where it differs by step or sample. wx, U, b and masks as `ROWS` turns them. Returns h of all
    steps [T, B, H], and the state.

    The same numbers as `cells.unroll` with torch, gradients included, up to rounding. A second derivative raises
    RuntimeError.
    """
    hs, *last = _Layer.apply(cell, masks, wx, U, b, *state)  # type: ignore[no-untyped-call]
    return hs, tuple(last)
