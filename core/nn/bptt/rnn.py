"""The plain RNN's loops, forward and backward.

h̃ = tanh(W x + U(d_h ⊙ h₋) + b), or σ in the place of tanh      then Zoneout: h of h̃ and h₋
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from core.nn.bptt.arrays import as_pointwise, choose_library, split_steps, to_columns
from core.nn.bptt.gates import GateOrder, finish_sigmoid, sigmoid_derivative, tanh_derivative
from core.nn.bptt.recurrent_product import RecurrentProduct, make_recurrent_product
from core.nn.bptt.zoneout import Zoneout
from core.nn.cells import LayerMasks

TANH, LOGISTIC = GateOrder((0,), (1.0,), slice(0, 1)), GateOrder((0,), (0.5,), slice(0, 1))


@dataclass(frozen=True)
class RnnCache:
    """The values for the backward pass: h̃ [T, H, B], and the masks."""

    new: Tensor
    rows: GateOrder
    recurrent: RecurrentProduct
    zone: Zoneout


def _forward(
    rows: GateOrder, wx: Tensor, state: tuple[Tensor, ...], U: Tensor, b: Tensor, m: LayerMasks
) -> tuple[Tensor, list[Tensor], RnnCache]:
    """Return h of all steps [T, H, B], the last (h,) [H, B], and the cache for `backward`.

    wx [T, H, B], state (h,) [B, H], b [H, 1].
    """
    T, B, H, xp = len(wx), wx.shape[2], state[0].shape[1], choose_library(wx)
    new, hs = wx.new_empty(T, H, B), wx.new_empty(T + 1, H, B)
    torch.add(wx, b, out=new)
    hs[0] = state[0].t()
    recurrent, zone = make_recurrent_product(U, rows.reorder_mask(m.state), hs, new), Zoneout(m.zoneout_state, wx, T)
    for t, (a, h_, h) in enumerate(zip(*map(split_steps, (new, hs[:-1], hs[1:])), strict=True)):
        recurrent.add(t)  # a = W x + b + U(d_h ⊙ h₋)
        xp.tanh(a, out=h)
        if rows is LOGISTIC:
            finish_sigmoid(xp, h)
        if zone.is_active:
            xp.multiply(h, 1, out=a)
            zone.apply(t, h, h_)
    return hs[1:], [hs[T]], RnnCache(new if zone.is_active else hs[1:], rows, recurrent, zone)


def backward(cache: RnnCache, U: Tensor, above: Tensor, last: tuple[Tensor, ...]) -> tuple[Tensor, list[Tensor]]:
    """Return the gradients of a, [T, 1, H, B], and of the initial (h,), [B, H].

    above: the gradient of h of all steps, [T, B, H]. last: that of the last (h,), [B, H].
    """
    xp, T, zone = choose_library(above), len(above), cache.zone
    da = _gradient_factors(cache)
    (dstate,) = map(to_columns, last)
    backward_step, dh = cache.recurrent.backward(U, da, dstate), as_pointwise(dstate)
    past_gradient = xp.empty_like(dh)
    for t, dh_above, d in reversed(list(zip(range(T), split_steps(to_columns(above)), split_steps(da), strict=True))):
        xp.add(dh, dh_above, out=dh)
        xp.multiply(d, dh, out=d)
        if zone.is_active:
            zone.split_gradient(t, dh, past_gradient)
        backward_step(t)  # dh₋ = d_h ⊙ Uᵀ da
        if zone.is_active:
            xp.add(dh, past_gradient, out=dh)
    return da[:, None], [dstate.t().contiguous()]


def _gradient_factors(cache: RnnCache) -> Tensor:
    """Return the factor of dh in the gradient of a, [T, H, B], for all steps, with the mask multiplied in."""
    da = torch.empty_like(cache.new)
    (sigmoid_derivative if cache.rows is LOGISTIC else tanh_derivative)(cache.new, da)
    return da if cache.zone.mask is None else da.mul_(cache.zone.mask)


forward_tanh, forward_logistic = partial(_forward, TANH), partial(_forward, LOGISTIC)
