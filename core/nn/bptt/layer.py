"""One recurrent layer as an autograd function: the loops of a cell around its input product."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.nn.bptt import gru, lstm, rnn
from core.nn.bptt.arrays import join_steps
from core.nn.bptt.gates import GateOrder
from core.nn.bptt.input_product import make_input_product
from core.nn.cells import LayerMasks, State


@dataclass(frozen=True)
class CellLoop:
    """The loops of a cell, forward and backward, and the order of gates in its input and recurrent products."""

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    input_order: GateOrder
    recurrent_order: GateOrder


CELL_LOOPS = {
    "lstm": CellLoop(lstm.forward, lstm.backward, lstm.INPUT_ORDER, lstm.RECURRENT_ORDER),
    "gru": CellLoop(gru.forward, gru.backward, gru.INPUT_ORDER, gru.RECURRENT_ORDER),
    "rnn": CellLoop(rnn.forward_tanh, rnn.backward, rnn.TANH, rnn.TANH),
    "rnn-logistic": CellLoop(rnn.forward_logistic, rnn.backward, rnn.LOGISTIC, rnn.LOGISTIC),
}
# An overflow shows in the loss, which the trainer checks; torch does not warn of one either.
ignore_overflow = partial(np.errstate, over="ignore", invalid="ignore")


class _BpttLayer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, cell: str, m: LayerMasks, x: Tensor, W: Tensor, U: Tensor, b: Tensor, *state: Tensor
    ) -> tuple[Tensor, ...]:
        loop = CELL_LOOPS[cell]
        with ignore_overflow():
            input_product = make_input_product(
                loop.input_order.reorder_and_scale(W),
                loop.input_order.reorder_mask(m.into),
                x.transpose(1, 2),
                len(loop.input_order.order),
            )
            hs, last, cache = loop.forward(
                input_product.product(),
                state,
                loop.recurrent_order.reorder_and_scale(U),
                loop.recurrent_order.reorder_and_scale(b[:, None]),
                m,
            )
        ctx.loop, ctx.input_product, ctx.cache = loop, input_product, cache
        ctx.save_for_backward(W, U)
        return hs.transpose(1, 2), *(part.t().contiguous() for part in last)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        # Torch's own guard, once_differentiable, does not raise where the incoming gradient needs no gradient itself; the
        # second derivative would then be missing without an error.
        if torch.is_grad_enabled():
            raise RuntimeError("Backpropagation by hand cannot be differentiated again; use the reference engine.")
        loop, (W, U), (above, *last) = ctx.loop, ctx.saved_tensors, gradients
        with ignore_overflow():
            da, dstate = loop.backward(ctx.cache, loop.recurrent_order.reorder(U), above, last)
            flat = join_steps(da)
            da_input, da_recurrent = flat[loop.input_order.at].flatten(0, 1), flat[loop.recurrent_order.at].flatten(0, 1)
            dx = ctx.input_product.backward(loop.input_order.reorder(W), da_input).transpose(1, 2)
            dW, dU = (
                loop.input_order.restore_order(ctx.input_product.gradient(da_input)),
                loop.recurrent_order.restore_order(ctx.cache.recurrent.gradient(da_recurrent)),
            )
            db = loop.recurrent_order.restore_order(da_recurrent.sum(1, keepdim=True))[:, 0]
        return None, None, dx, dW, dU, db, *dstate


def run_bptt_layer(
    x: Tensor, state: State, W: Tensor, U: Tensor, b: Tensor, masks: LayerMasks, cell: str
) -> tuple[Tensor, State]:
    """Run one layer over x [T, B, I] from a state, [B, H] each; return h of all steps [T, B, H] and the state after the last.

    W [nH, I], U [nH, H], b [nH] for n gates; W and U may be [T|1, B|1, …] where they differ by step or sample. Values and
    gradients equal those of `core.nn.cells.unroll` up to rounding. A second derivative raises RuntimeError.
    """
    hs, *last = _BpttLayer.apply(cell, masks, x, W, U, b, *state)  # type: ignore[no-untyped-call]
    return hs, tuple(last)
