"""The GRU's loop in PyTorch's form, forward and back, equation by equation.

p = U(d_h ⊙ h₋) + b            r, z = d ⊙ σ(W x + p)      g̃ = tanh(W x + r ⊙ p)
h̃ = (1 - z) ⊙ d ⊙ g̃ + z ⊙ h₋   then Zoneout: h of h̃ and h₋
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.recurrence.bptt.arrays import columns, library, mask_columns, pointwise, steps
from core.recurrence.bptt.gates import GateMasks, Rows, enter, leave, slope, squash
from core.recurrence.bptt.past import Past, past
from core.recurrence.bptt.zoneout import Zoneout
from core.recurrence.cells import LayerMasks

ROWS = Rows((0, 1, 2), (0.5, 0.5, 1.0))
R, Z, P, G = range(4)  # P: what r lets through of the past


@dataclass(frozen=True)
class Saved:
    """What the way back needs: r, z, p and g [T, 4, H, B], h₋ - g [T, H, B], and the masks at work."""

    gates: Tensor
    change: Tensor
    past: Past
    masks: GateMasks
    candidate: GateMasks
    zone: Zoneout


def forward(wx: Tensor, state: tuple[Tensor, ...], U: Tensor, b: Tensor, m: LayerMasks) -> tuple[Tensor, list[Tensor], Saved]:
    """h of all steps [T, H, B], the last (h,) [H, B], and what the way back needs. wx [T, B, 3H], h [B, H]."""
    (T, B), H, xp = wx.shape[:2], state[0].shape[1], library(wx)
    gates, hs, change = wx.new_empty(T, 4, H, B), wx.new_empty(T + 1, H, B), wx.new_empty(T, H, B)
    hs[0] = state[0].t()
    enter(wx, b, gates[:, :G])
    gates[:, G] = wx.chunk(3, dim=-1)[2].transpose(1, 2)  # b of g belongs to the past, what comes from below does not
    gates[:, P] = b.chunk(3)[2][:, None]
    before = past(U, mask_columns(m.state), hs, gates[:, :G].flatten(1, 2))
    masks, candidate = GateMasks({R: m.reset_gate, Z: m.update_gate}, gates), GateMasks({G: m.candidate}, gates)
    zone, part = Zoneout(m.zoneout_state, wx, T), pointwise(wx.new_empty(H, B))
    loop = zip(*map(steps, (gates[:, :P], *gates.unbind(1), change, hs[:-1], hs[1:])), strict=True)
    for t, (sigmoid, r, z, p, g, d, h_, h) in enumerate(loop):
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


def backward(saved: Saved, above: Tensor, last: tuple[Tensor, ...]) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    """The gradients of wx [T, B, 3H], U, b and the first (h,) [B, H]; from those of h [T, B, H] and the last (h,)."""
    xp, T = library(above), len(above)
    da, carry = _coefficients(saved)
    back, dh = saved.past.backward(da[:, :G].flatten(1, 2)), pointwise(columns(last[0]))
    held = xp.empty_like(dh)
    loop = zip(range(T), steps(columns(above)), steps(da), steps(carry), strict=True)
    for t, up, d, z in reversed(list(loop)):
        xp.add(dh, up, out=dh)
        xp.multiply(d, dh, out=d)
        xp.multiply(dh, z, out=held)
        back(t, dh)  # dh₋ = z ⊙ dh + d_h ⊙ Uᵀ dp
        xp.add(dh, held, out=dh)
    of_past = leave(da[:, :G])
    dwx = of_past.clone()
    dwx.chunk(3, dim=-1)[2].copy_(da[:, G].transpose(1, 2))
    return dwx, saved.past.gradient(of_past), of_past.sum((0, 1)), [torch.as_tensor(dh).t().contiguous()]


def _coefficients(saved: Saved) -> tuple[Tensor, Tensor]:
    """By what dh is multiplied on its way into r, z, p and g, [T, 4, H, B], and into h₋ past all products, [T, H, B]: for
    all steps at once, every mask multiplied in."""
    r, z, p, _g = saved.gates.unbind(1)
    into = torch.empty_like(saved.gates)
    torch.mul(1 - saved.candidate.plain(G) ** 2, 1 - z, out=into[:, G])
    torch.mul(slope(saved.masks.plain(Z)), saved.change, out=into[:, Z])
    if saved.zone.mask is not None:
        into[:, Z] *= saved.zone.mask
        into[:, G] *= saved.zone.mask
        z = z * saved.zone.mask + (1 - saved.zone.mask)
    saved.candidate.back(into)
    torch.mul(into[:, G], r, out=into[:, P])
    torch.mul(slope(saved.masks.plain(R)), p * into[:, G], out=into[:, R])
    saved.masks.back(into)
    return into, z
