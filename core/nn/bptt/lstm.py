"""The LSTM's loop, forward and back, equation by equation.

a = W x + U(d_h ⊙ h₋) + b      i, f, o = d ⊙ σ(a)      g = d ⊙ tanh(a)
c̃ = d_c ⊙ (f ⊙ c₋ + i ⊙ g)     h̃ = o ⊙ tanh(c̃)         then Zoneout: h of h̃, h₋, and c of c̃, c₋
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.nn.bptt.arrays import columns, library, mask_columns, mask_steps, pointwise, steps
from core.nn.bptt.gates import GateMasks, Rows, slope, squash, tanh_slope
from core.nn.bptt.recurrent_product import Past, past
from core.nn.bptt.zoneout import Zoneout
from core.nn.cells import LayerMasks

# The loop's order is i f o g, then c₋ and tanh c̃: so the σ lie together, i f ⊙ g c₋ is one multiplication, and each of
# i f o lies as far before what it is multiplied by.
BELOW = PAST = Rows((0, 1, 3, 2), (0.5, 0.5, 0.5, 1.0), slice(0, 4))
I, F, O, G, C, TANH = range(6)  # noqa: E741


@dataclass(frozen=True)
class Saved:
    """What the way back needs: gates, c₋ and tanh c̃ [T, 6, H, B], and the masks at work."""

    gates: Tensor
    past: Past
    masks: GateMasks
    cell: Tensor | None
    zone_h: Zoneout
    zone_c: Zoneout


def forward(wx: Tensor, state: tuple[Tensor, ...], U: Tensor, b: Tensor, m: LayerMasks) -> tuple[Tensor, list[Tensor], Saved]:
    """h of all steps [T, H, B], the last (h, c) [H, B], and what the way back needs.

    wx [T, 4H, B], h and c [B, H], b [4H, 1].
    """
    T, B, H, xp = len(wx), wx.shape[2], state[0].shape[1], library(wx)
    every, hs = wx.new_empty(T + 1, 6, H, B), wx.new_empty(T + 1, H, B)
    gates, cs = every[:T], every[:, C]
    hs[0], cs[0] = state[0].t(), state[1].t()
    torch.add(wx, b, out=gates[:, :C].flatten(1, 2))
    before = past(U, PAST.mask(m.state), hs, gates[:, :C].flatten(1, 2))
    masks = GateMasks({O: m.output_gate, I: m.input_gate, F: m.forget_gate, G: m.candidate}, gates)
    cell, zone_h, zone_c = mask_columns(m.cell), Zoneout(m.zoneout_state, wx, T), Zoneout(m.zoneout_cell, wx, T)
    cell_steps = mask_steps(cell, T)
    both = pointwise(wx.new_empty(2, H, B))
    entering, kept = both
    loop = zip(
        steps(gates[:, :C]),
        steps(gates[:, :G]),
        steps(gates[:, :O]),
        steps(gates[:, G:TANH]),
        steps(gates[:, O]),
        steps(cs[:-1]),
        steps(cs[1:]),
        steps(gates[:, TANH]),
        steps(hs[:-1]),
        steps(hs[1:]),
        strict=True,
    )
    for t, (a, sigmoid, i_f, g_c, o, c_, c, tanh, h_, h) in enumerate(loop):
        before.add(t)  # a = W x + b + U(d_h ⊙ h₋)
        xp.tanh(a, out=a)
        squash(xp, sigmoid)
        if masks.hot:
            masks.apply(t)
        xp.multiply(i_f, g_c, out=both)  # i ⊙ g and f ⊙ c₋
        xp.add(entering, kept, out=c)
        if cell_steps:
            xp.multiply(c, cell_steps[t], out=c)
        xp.tanh(c, out=tanh)
        xp.multiply(o, tanh, out=h)
        if zone_c.there:
            zone_c.hold(t, c, c_)
        if zone_h.there:
            zone_h.hold(t, h, h_)
    return hs[1:], [hs[T], cs[T]], Saved(gates, before, masks, cell, zone_h, zone_c)


def backward(saved: Saved, U: Tensor, above: Tensor, last: tuple[Tensor, ...]) -> tuple[Tensor, list[Tensor]]:
    """The gradients of a [T, 4, H, B] and of the first (h, c) [B, H]; from those of h [T, B, H] and the last (h, c)."""
    xp, T = library(above), len(above)
    every, carry = _coefficients(saved)
    da, by_c = every[:, :C], every[:, C]
    first = [columns(one) for one in last]
    back, zone_h, zone_c = saved.past.backward(U, da.flatten(1, 2), first[0]), saved.zone_h, saved.zone_c
    dh, dc = map(pointwise, first)
    part, old = xp.empty_like(dh), xp.empty_like(dh)
    loop = zip(range(T), *map(steps, (columns(above), *da.unbind(1), by_c, carry)), strict=True)
    for t, up, d_i, d_f, d_o, d_g, q, f in reversed(list(loop)):
        xp.add(dh, up, out=dh)
        if zone_c.there:
            zone_c.part(t, dc, old)
            xp.subtract(dc, old, out=dc)
        xp.multiply(dh, q, out=part)  # dc̃ = dc + dh ⊙ o (1 - tanh² c̃)
        xp.add(dc, part, out=dc)
        xp.multiply(d_o, dh, out=d_o)  # do = dh ⊙ tanh c̃ ⊙ σ'
        xp.multiply(d_i, dc, out=d_i)  # di = dc̃ ⊙ g ⊙ σ'
        xp.multiply(d_f, dc, out=d_f)  # df = dc̃ ⊙ c₋ ⊙ σ'
        xp.multiply(d_g, dc, out=d_g)  # dg = dc̃ ⊙ i ⊙ tanh'
        xp.multiply(dc, f, out=dc)  # dc₋ = dc̃ ⊙ f
        if zone_c.there:
            xp.add(dc, old, out=dc)
        if zone_h.there:
            zone_h.part(t, dh, old)
        back(t)  # dh₋ = d_h ⊙ Uᵀ da
        if zone_h.there:
            xp.add(dh, old, out=dh)
    return da, [one.t().contiguous() for one in first]


def _coefficients(saved: Saved) -> tuple[Tensor, Tensor]:
    """By what dc̃ and dh are multiplied on their way into the gates i f o g, and dh into c̃, [T, 5, H, B]; dc̃ into c₋: for
    all steps before the loop, every mask multiplied in, so that it is the same whatever the placement."""
    gates, masks, f = saved.gates, saved.masks, saved.gates[:, F]
    into = torch.empty_like(gates[:, :TANH])
    slope(gates[:, :G], into[:, :G])
    tanh_slope(gates[:, G::2], into[:, G:])  # of g and of tanh c̃
    for row, kept in masks.kept.items():
        (tanh_slope if row == G else slope)(kept, into[:, row])
    into[:, :G] *= gates[:, G:]  # i by g, f by c₋, o by tanh c̃
    into[:, G:] *= gates[:, :G:2]  # g by i, tanh c̃ by o
    masks.back(into)
    if saved.cell is not None:
        for row in (I, F, G):
            into[:, row] *= saved.cell
        f = f * saved.cell
    if saved.zone_h.mask is not None:
        into[:, O] *= saved.zone_h.mask
        into[:, C] *= saved.zone_h.mask
    return into, f
