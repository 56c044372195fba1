"""The plain RNN's loop, forward and back, equation by equation.

h̃ = tanh(W x + U(d_h ⊙ h₋) + b), or σ in the place of tanh      then Zoneout: h of h̃ and h₋
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from core.recurrence.bptt.arrays import columns, library, mask_columns, pointwise, steps
from core.recurrence.bptt.gates import Rows, enter, leave, slope, squash
from core.recurrence.bptt.past import Past, past
from core.recurrence.bptt.zoneout import Zoneout
from core.recurrence.cells import LayerMasks

TANH, LOGISTIC = Rows((0,), (1.0,)), Rows((0,), (0.5,))


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
    """h of all steps [T, H, B], the last (h,) [H, B], and what the way back needs. wx [T, B, H], h [B, H]."""
    (T, B), H, xp = wx.shape[:2], state[0].shape[1], library(wx)
    new, hs = wx.new_empty(T, H, B), wx.new_empty(T + 1, H, B)
    hs[0] = state[0].t()
    enter(wx, b, new[:, None])
    before, zone = past(U, mask_columns(m.state), hs, new), Zoneout(m.zoneout_state, wx, T)
    for t, (a, h_, h) in enumerate(zip(*map(steps, (new, hs[:-1], hs[1:])), strict=True)):
        before.add(t)  # a = W x + b + U(d_h ⊙ h₋)
        xp.tanh(a, out=h)
        if rows is LOGISTIC:
            squash(xp, h)
        if zone.there:
            xp.multiply(h, 1, out=a)
            zone.hold(t, h, h_)
    return hs[1:], [hs[T]], Saved(new if zone.there else hs[1:], rows, before, zone)


def backward(saved: Saved, above: Tensor, last: tuple[Tensor, ...]) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    """The gradients of wx [T, B, H], U, b and the first (h,) [B, H]; from those of h [T, B, H] and the last (h,)."""
    xp, T, zone = library(above), len(above), saved.zone
    da = slope(saved.new) if saved.rows is LOGISTIC else 1 - saved.new**2
    if zone.mask is not None:
        da *= zone.mask
    back, dh = saved.past.backward(da), pointwise(columns(last[0]))
    held = xp.empty_like(dh)
    for t, up, d in reversed(list(zip(range(T), steps(columns(above)), steps(da), strict=True))):
        xp.add(dh, up, out=dh)
        xp.multiply(d, dh, out=d)
        if zone.there:
            xp.multiply(dh, zone.old[t], out=held)
        back(t, dh)  # dh₋ = d_h ⊙ Uᵀ da
        if zone.there:
            xp.add(dh, held, out=dh)
    dwx = leave(da[:, None])
    return dwx, saved.past.gradient(dwx), dwx.sum((0, 1)), [torch.as_tensor(dh).t().contiguous()]


tanh, logistic = partial(_forward, TANH), partial(_forward, LOGISTIC)
