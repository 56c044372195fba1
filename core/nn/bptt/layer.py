"""One layer by hand: an autograd Function around a cell's loops and the product with what comes from below."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.nn.bptt import gru, lstm, rnn
from core.nn.bptt.arrays import across
from core.nn.bptt.gates import Rows
from core.nn.bptt.input_product import below
from core.nn.cells import LayerMasks, State


@dataclass(frozen=True)
class Loop:
    """A cell's loops, forward and back, and how they want the weights of what comes from below and of the past."""

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    below: Rows
    past: Rows


LOOPS = {
    "lstm": Loop(lstm.forward, lstm.backward, lstm.BELOW, lstm.PAST),
    "gru": Loop(gru.forward, gru.backward, gru.BELOW, gru.PAST),
    "rnn": Loop(rnn.tanh, rnn.backward, rnn.TANH, rnn.TANH),
    "rnn-logistic": Loop(rnn.logistic, rnn.backward, rnn.LOGISTIC, rnn.LOGISTIC),
}
# Numbers beyond all bounds are noticed by who trains, as with torch, which does not warn of them either.
quiet = partial(np.errstate, over="ignore", invalid="ignore")


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, cell: str, m: LayerMasks, x: Tensor, W: Tensor, U: Tensor, b: Tensor, *state: Tensor
    ) -> tuple[Tensor, ...]:
        loop = LOOPS[cell]
        with quiet():
            from_below = below(loop.below.turned(W), loop.below.mask(m.into), x.transpose(1, 2), len(loop.below.order))
            hs, last, saved = loop.forward(from_below.product(), state, loop.past.turned(U), loop.past.turned(b[:, None]), m)
        ctx.loop, ctx.below, ctx.saved = loop, from_below, saved
        ctx.save_for_backward(W, U)
        return hs.transpose(1, 2), *(one.t().contiguous() for one in last)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        # Torch's own guard, once_differentiable, is silent where what comes in needs no gradient, and the result then lacks
        # its second derivative.
        if torch.is_grad_enabled():
            raise RuntimeError("Backpropagation by hand cannot be differentiated again; use the reference engine.")
        loop, (W, U), (above, *last) = ctx.loop, ctx.saved_tensors, gradients
        with quiet():
            da, first = loop.backward(ctx.saved, loop.past.ordered(U), above, last)
            flat = across(da)
            of_below, of_past = flat[loop.below.at].flatten(0, 1), flat[loop.past.at].flatten(0, 1)
            dx = ctx.below.backward(loop.below.ordered(W), of_below).transpose(1, 2)
            dW, dU = loop.below.back(ctx.below.gradient(of_below)), loop.past.back(ctx.saved.past.gradient(of_past))
            db = loop.past.back(of_past.sum(1, keepdim=True))[:, 0]
        return None, None, dx, dW, dU, db, *first


def run_by_hand(x: Tensor, state: State, W: Tensor, U: Tensor, b: Tensor, masks: LayerMasks, cell: str) -> tuple[Tensor, State]:
    """One layer over x [T, B, I] from state [B, H] each; W [gates·H, I], U [gates·H, H], b [gates·H], or W and U [T|1, B|1, …]
    where they differ by step or sample. Returns h of all steps [T, B, H], and the state.

    The same numbers as `cells.unroll` with torch, gradients included, up to rounding. A second derivative raises
    RuntimeError.
    """
    hs, *last = _Layer.apply(cell, masks, x, W, U, b, *state)  # type: ignore[no-untyped-call]
    return hs, tuple(last)
