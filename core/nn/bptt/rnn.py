"""The plain RNN's loop, forward and back, equation by equation.

h̃ = tanh(W x + U(d_h ⊙ h₋) + b), or σ in the place of tanh      then Zoneout: h of h̃ and h₋
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from core.nn.bptt.arrays import columns, library, pointwise, steps
from core.nn.bptt.gates import Rows, slope, squash, tanh_slope
from core.nn.bptt.recurrent_product import Past, past
from core.nn.bptt.zoneout import Zoneout
from core.nn.cells import LayerMasks

TANH, LOGISTIC = Rows((0,), (1.0,), slice(0, 1)), Rows((0,), (0.5,), slice(0, 1))


@dataclass(frozen=True)
class Saved:
    """What the way back needs: h̃ [T, H, B], and the masks at work."""

    new: Tensor
    rows: Rows
    past: Past
    zone: Zoneout


def _forward(
    rows: Rows, wx: Tensor, state: tuple[Tensor, ...], U: Tensor, b: Tensor, m: LayerMasks
) -> tuple[Tensor, list[Tensor], Saved]:
    """h of all steps [T, H, B], the last (h,) [H, B], and what the way back needs. wx [T, H, B], h [B, H], b [H, 1]."""
    T, B, H, xp = len(wx), wx.shape[2], state[0].shape[1], library(wx)
    new, hs = wx.new_empty(T, H, B), wx.new_empty(T + 1, H, B)
    torch.add(wx, b, out=new)
    hs[0] = state[0].t()
    before, zone = past(U, rows.mask(m.state), hs, new), Zoneout(m.zoneout_state, wx, T)
    for t, (a, h_, h) in enumerate(zip(*map(steps, (new, hs[:-1], hs[1:])), strict=True)):
        before.add(t)  # a = W x + b + U(d_h ⊙ h₋)
        xp.tanh(a, out=h)
        if rows is LOGISTIC:
            squash(xp, h)
        if zone.there:
            xp.multiply(h, 1, out=a)
            zone.hold(t, h, h_)
    return hs[1:], [hs[T]], Saved(new if zone.there else hs[1:], rows, before, zone)


def backward(saved: Saved, U: Tensor, above: Tensor, last: tuple[Tensor, ...]) -> tuple[Tensor, list[Tensor]]:
    """The gradients of a [T, 1, H, B] and of the first (h,) [B, H]; from those of h [T, B, H] and the last (h,)."""
    xp, T, zone = library(above), len(above), saved.zone
    da = _coefficients(saved)
    (first,) = (columns(one) for one in last)
    back, dh = saved.past.backward(U, da, first), pointwise(first)
    held = xp.empty_like(dh)
    for t, up, d in reversed(list(zip(range(T), steps(columns(above)), steps(da), strict=True))):
        xp.add(dh, up, out=dh)
        xp.multiply(d, dh, out=d)
        if zone.there:
            zone.part(t, dh, held)
        back(t)  # dh₋ = d_h ⊙ Uᵀ da
        if zone.there:
            xp.add(dh, held, out=dh)
    return da[:, None], [first.t().contiguous()]


def _coefficients(saved: Saved) -> Tensor:
    """By what dh is multiplied on its way into a, [T, H, B], for all steps before the loop, the mask multiplied in."""
    da = torch.empty_like(saved.new)
    (slope if saved.rows is LOGISTIC else tanh_slope)(saved.new, da)
    return da if saved.zone.mask is None else da.mul_(saved.zone.mask)


tanh, logistic = partial(_forward, TANH), partial(_forward, LOGISTIC)
