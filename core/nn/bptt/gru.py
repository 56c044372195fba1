"""The GRU's loop in PyTorch's form, forward and back, equation by equation.

p = U(d_h ⊙ h₋) + b            r, z = d ⊙ σ(W x + p)      g̃ = tanh(W x + r ⊙ p)
h̃ = (1 - z) ⊙ d ⊙ g̃ + z ⊙ h₋   then Zoneout: h of h̃ and h₋
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.nn.bptt.arrays import columns, library, pointwise, steps
from core.nn.bptt.gates import GateMasks, Rows, slope, squash, tanh_slope
from core.nn.bptt.recurrent_product import Past, past
from core.nn.bptt.zoneout import Zoneout
from core.nn.cells import LayerMasks

# The loop's order is p r z g, p being what r lets through of the past: the past's product is p r z, that with x is r z g.
P, R, Z, G = range(4)
BELOW = Rows((0, 1, 2), (0.5, 0.5, 1.0), slice(R, G + 1))
PAST = Rows((2, 0, 1), (1.0, 0.5, 0.5), slice(P, G))


@dataclass(frozen=True)
class Saved:
    """What the way back needs: p, r, z and g [T, 4, H, B], h₋ - g [T, H, B], and the masks at work."""

    gates: Tensor
    change: Tensor
    past: Past
    masks: GateMasks
    candidate: GateMasks
    zone: Zoneout


def forward(wx: Tensor, state: tuple[Tensor, ...], U: Tensor, b: Tensor, m: LayerMasks) -> tuple[Tensor, list[Tensor], Saved]:
    """h of all steps [T, H, B], the last (h,) [H, B], and what the way back needs. wx [T, 3H, B], h [B, H], b [3H, 1]."""
    T, B, H, xp = len(wx), wx.shape[2], state[0].shape[1], library(wx)
    gates, hs, change = wx.new_empty(T, 4, H, B), wx.new_empty(T + 1, H, B), wx.new_empty(T, H, B)
    hs[0] = state[0].t()
    gates[:, P], gates[:, G] = b[:H], wx[:, 2 * H :]  # b of g belongs to the past, what comes from below does not
    torch.add(wx[:, : 2 * H], b[H:], out=gates[:, R:G].flatten(1, 2))
    before = past(U, PAST.mask(m.state), hs, gates[:, :G].flatten(1, 2))
    masks, candidate = GateMasks({R: m.reset_gate, Z: m.update_gate}, gates), GateMasks({G: m.candidate}, gates)
    zone, part = Zoneout(m.zoneout_state, wx, T), pointwise(wx.new_empty(H, B))
    loop = zip(*map(steps, (gates[:, R:G], *gates.unbind(1), change, hs[:-1], hs[1:])), strict=True)
    for t, (sigmoid, p, r, z, g, d, h_, h) in enumerate(loop):
        before.add(t)  # r, z: W x + b + U(d_h ⊙ h₋); p: b + U(d_h ⊙ h₋)
        xp.tanh(sigmoid, out=sigmoid)
        squash(xp, sigmoid)
        masks.apply(t)
        xp.multiply(r, p, out=part)
        xp.add(g, part, out=g)
        xp.tanh(g, out=g)
        candidate.apply(t)
        xp.subtract(h_, g, out=d)  # h̃ = g + z ⊙ (h₋ - g)
        xp.multiply(z, d, out=part)
        xp.add(g, part, out=h)
        if zone.there:
            zone.hold(t, h, h_)
    return hs[1:], [hs[T]], Saved(gates, change, before, masks, candidate, zone)


def backward(saved: Saved, U: Tensor, above: Tensor, last: tuple[Tensor, ...]) -> tuple[Tensor, list[Tensor]]:
    """The gradients of p, r, z and g before their functions [T, 4, H, B] and of the first (h,) [B, H]; from those of h
    [T, B, H] and the last (h,)."""
    xp, T = library(above), len(above)
    da, carry = _coefficients(saved)
    (first,) = (columns(one) for one in last)
    back, dh = saved.past.backward(U, da[:, PAST.at].flatten(1, 2), first), pointwise(first)
    held = xp.empty_like(dh)
    loop = zip(range(T), steps(columns(above)), steps(da), steps(carry), strict=True)
    for t, up, d, z in reversed(list(loop)):
        xp.add(dh, up, out=dh)
        xp.multiply(d, dh, out=d)
        xp.multiply(dh, z, out=held)
        back(t)  # dh₋ = z ⊙ dh + d_h ⊙ Uᵀ da
        xp.add(dh, held, out=dh)
    return da, [first.t().contiguous()]


def _coefficients(saved: Saved) -> tuple[Tensor, Tensor]:
    """By what dh is multiplied on its way into p, r, z and g, [T, 4, H, B], and into h₋ past all products, [T, H, B]: for
    all steps before the loop, every mask multiplied in."""
    p, r, z, _g = saved.gates.unbind(1)
    into = torch.empty_like(saved.gates)
    d_p, d_r, d_z, d_g = into.unbind(1)
    tanh_slope(saved.candidate.plain(G), d_g)
    d_g *= 1 - z
    saved.candidate.back(into)
    torch.mul(d_g, r, out=d_p)  # p is reached through g
    slope(saved.masks.plain(R), d_r)
    d_r *= p
    d_r *= d_g  # and r
    slope(saved.masks.plain(Z), d_z)
    d_z *= saved.change
    saved.masks.back(into)
    if saved.zone.mask is not None:
        into *= saved.zone.mask[:, None]
        z = z * saved.zone.mask + (1 - saved.zone.mask)
    return into, z
