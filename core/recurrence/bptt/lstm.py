"""The LSTM's loop, forward and back, equation by equation.

a = W x + U(d_h ⊙ h₋) + b      i, f, o = d ⊙ σ(a)      g = d ⊙ tanh(a)
c̃ = d_c ⊙ (f ⊙ c₋ + i ⊙ g)     h̃ = o ⊙ tanh(c̃)         then Zoneout: h of h̃, h₋, and c of c̃, c₋
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.recurrence.bptt.arrays import columns, library, mask_columns, mask_steps, pointwise, steps
from core.recurrence.bptt.gates import GateMasks, Rows, enter, leave, slope, squash
from core.recurrence.bptt.past import Past, past
from core.recurrence.bptt.zoneout import Zoneout
from core.recurrence.cells import LayerMasks

# The loop's order is o i f g, and c₋ stands behind g: so the σ lie together, and i f ⊙ g c₋ is one multiplication.
ROWS = Rows((3, 0, 1, 2), (0.5, 0.5, 0.5, 1.0))
O, I, F, G, C = range(5)  # noqa: E741


@dataclass(frozen=True)
class Saved:
    """What the way back needs: gates and c₋ [T, 5, H, B], tanh c̃ [T, H, B], and the masks at work."""

    gates: Tensor
    tanh_c: Tensor
    past: Past
    masks: GateMasks
    cell: Tensor | None
    zone_h: Zoneout
    zone_c: Zoneout


def forward(wx: Tensor, state: tuple[Tensor, ...], U: Tensor, b: Tensor, m: LayerMasks) -> tuple[Tensor, list[Tensor], Saved]:
    """h of all steps [T, H, B], the last (h, c) [H, B], and what the way back needs. wx [T, B, 4H], h and c [B, H]."""
    (T, B), H, xp = wx.shape[:2], state[0].shape[1], library(wx)
    every = wx.new_empty(T + 1, 5, H, B)
    gates, cs, hs, tanh_c = every[:T], every[:, C], wx.new_empty(T + 1, H, B), wx.new_empty(T, H, B)
    hs[0], cs[0] = state[0].t(), state[1].t()
    enter(wx, b, gates[:, :C])
    before = past(U, mask_columns(m.state), hs, gates[:, :C].flatten(1, 2))
    masks = GateMasks({O: m.output_gate, I: m.input_gate, F: m.forget_gate, G: m.candidate}, gates)
    cell, zone_h, zone_c = mask_columns(m.cell), Zoneout(m.zoneout_state, wx, T), Zoneout(m.zoneout_cell, wx, T)
    cell_steps = mask_steps(cell, T)
    both = pointwise(wx.new_empty(2, H, B))
    loop = zip(steps(gates[:, :C]), steps(gates[:, :G]), steps(gates[:, I:G]), steps(gates[:, G:]), steps(gates[:, O]),
               steps(cs[:-1]), steps(cs[1:]), steps(tanh_c), steps(hs[:-1]), steps(hs[1:]), strict=True)  # fmt: skip
    for t, (a, sigmoid, i_f, g_c, o, c_, c, tanh, h_, h) in enumerate(loop):
        before.add(t)  # a = W x + b + U(d_h ⊙ h₋)
        xp.tanh(a, out=a)
        squash(xp, sigmoid)
        if masks.hot:
            masks.apply(t)
        xp.multiply(i_f, g_c, out=both)  # i ⊙ g and f ⊙ c₋
        xp.add(both[0], both[1], out=c)
        if cell_steps:
            xp.multiply(c, cell_steps[t], out=c)
        xp.tanh(c, out=tanh)
        xp.multiply(o, tanh, out=h)
        if zone_c.there:
            zone_c.hold(t, c, c_)
        if zone_h.there:
            zone_h.hold(t, h, h_)
    return hs[1:], [hs[T], cs[T]], Saved(gates, tanh_c, before, masks, cell, zone_h, zone_c)


def backward(saved: Saved, above: Tensor, last: tuple[Tensor, ...]) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    """The gradients of wx [T, B, 4H], U, b and the first (h, c) [B, H]; from those of h [T, B, H] and the last (h, c)."""
    xp, T = library(above), len(above)
    da, by_c, carry = _coefficients(saved)
    back, zone_h, zone_c = saved.past.backward(da.flatten(1, 2)), saved.zone_h, saved.zone_c
    dh, dc = pointwise(columns(last[0])), pointwise(columns(last[1]))
    part, old = xp.empty_like(dh), xp.empty_like(dh)
    loop = zip(range(T), steps(columns(above)), steps(da[:, O]), steps(da[:, I:]), steps(by_c), steps(carry), strict=True)
    for t, up, d_o, d_ifg, q, f in reversed(list(loop)):
        xp.add(dh, up, out=dh)
        if zone_c.there:
            xp.multiply(dc, zone_c.old[t], out=old)
            xp.multiply(dc, zone_c.new[t], out=dc)
        xp.multiply(dh, q, out=part)  # dc̃ = dc + dh ⊙ o (1 - tanh² c̃)
        xp.add(dc, part, out=dc)
        xp.multiply(d_o, dh, out=d_o)  # do = dh ⊙ tanh c̃ ⊙ σ'
        xp.multiply(d_ifg, dc, out=d_ifg)  # di = dc̃ ⊙ g ⊙ σ'   df = dc̃ ⊙ c₋ ⊙ σ'   dg = dc̃ ⊙ i ⊙ tanh'
        xp.multiply(dc, f, out=dc)  # dc₋ = dc̃ ⊙ f
        if zone_c.there:
            xp.add(dc, old, out=dc)
        if zone_h.there:
            xp.multiply(dh, zone_h.old[t], out=old)
        back(t, dh)  # dh₋ = d_h ⊙ Uᵀ da
        if zone_h.there:
            xp.add(dh, old, out=dh)
    dwx = leave(da)
    first = [torch.as_tensor(one).t().contiguous() for one in (dh, dc)]
    return dwx, saved.past.gradient(dwx), dwx.sum((0, 1)), first


def _coefficients(saved: Saved) -> tuple[Tensor, Tensor, Tensor]:
    """By what dh and dc̃ are multiplied on their way into the gates o i f g, [T, 4, H, B], into c̃, and into c₋: for all
    steps at once, every mask multiplied in, so that the loop is the same whatever the placement."""
    o, i, f, g, c_ = saved.gates.unbind(1)
    masks, tanh_c = saved.masks, saved.tanh_c
    into = torch.empty_like(saved.gates[:, :C])
    for row, other in ((O, tanh_c), (I, g), (F, c_)):
        torch.mul(slope(masks.plain(row)), other, out=into[:, row])
    torch.mul(1 - masks.plain(G) ** 2, i, out=into[:, G])
    masks.back(into)
    by_c = (1 - tanh_c**2) * o
    if saved.cell is not None:
        into[:, I:] *= saved.cell[:, None]
        f = f * saved.cell
    if saved.zone_h.mask is not None:
        into[:, O] *= saved.zone_h.mask
        by_c *= saved.zone_h.mask
    return into, by_c, f
