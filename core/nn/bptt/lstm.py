"""The LSTM's loops, forward and backward.

a = W x + U(d_h ⊙ h₋) + b      i, f, o = d ⊙ σ(a)      g = d ⊙ tanh(a)
c̃ = d_c ⊙ (f ⊙ c₋ + i ⊙ g)     h̃ = o ⊙ tanh(c̃)         then Zoneout: h of h̃, h₋, and c of c̃, c₋
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.nn.bptt.arrays import as_pointwise, choose_library, mask_to_columns, split_mask, split_steps, to_columns
from core.nn.bptt.gates import GateMasks, GateOrder, finish_sigmoid, sigmoid_derivative, tanh_derivative
from core.nn.bptt.recurrent_product import RecurrentProduct, make_recurrent_product
from core.nn.bptt.zoneout import Zoneout
from core.nn.cells import LayerMasks

# The loop's order is i f o g, then c₋ and tanh c̃: the gates with σ lie together, (i, f) ⊙ (g, c₋) is one multiplication, and
# each of i f o lies three rows before what it is multiplied by.
INPUT_ORDER = RECURRENT_ORDER = GateOrder((0, 1, 3, 2), (0.5, 0.5, 0.5, 1.0), slice(0, 4))
I, F, O, G, C, TANH = range(6)  # noqa: E741


@dataclass(frozen=True)
class LstmCache:
    """The values for the backward pass: the gates, c₋ and tanh c̃ [T, 6, H, B], and the masks."""

    gates: Tensor
    recurrent: RecurrentProduct
    masks: GateMasks
    cell: Tensor | None
    zone_h: Zoneout
    zone_c: Zoneout


def forward(
    wx: Tensor, state: tuple[Tensor, ...], U: Tensor, b: Tensor, m: LayerMasks
) -> tuple[Tensor, list[Tensor], LstmCache]:
    """Return h of all steps [T, H, B], the last (h, c) [H, B], and the cache for `backward`.

    wx [T, 4H, B], state (h, c) [B, H] each, b [4H, 1].
    """
    T, B, H, xp = len(wx), wx.shape[2], state[0].shape[1], choose_library(wx)
    buffer, hs = wx.new_empty(T + 1, 6, H, B), wx.new_empty(T + 1, H, B)
    gates, cs = buffer[:T], buffer[:, C]
    hs[0], cs[0] = state[0].t(), state[1].t()
    torch.add(wx, b, out=gates[:, :C].flatten(1, 2))
    recurrent = make_recurrent_product(U, RECURRENT_ORDER.reorder_mask(m.state), hs, gates[:, :C].flatten(1, 2))
    masks = GateMasks({O: m.output_gate, I: m.input_gate, F: m.forget_gate, G: m.candidate}, gates)
    cell, zone_h, zone_c = mask_to_columns(m.cell), Zoneout(m.zoneout_state, wx, T), Zoneout(m.zoneout_cell, wx, T)
    cell_steps = split_mask(cell, T)
    both = as_pointwise(wx.new_empty(2, H, B))
    new_part, old_part = both
    loop = zip(
        split_steps(gates[:, :C]),
        split_steps(gates[:, :G]),
        split_steps(gates[:, :O]),
        split_steps(gates[:, G:TANH]),
        split_steps(gates[:, O]),
        split_steps(cs[:-1]),
        split_steps(cs[1:]),
        split_steps(gates[:, TANH]),
        split_steps(hs[:-1]),
        split_steps(hs[1:]),
        strict=True,
    )
    for t, (a, sigmoid, i_f, g_c, o, c_, c, tanh, h_, h) in enumerate(loop):
        recurrent.add(t)  # a = W x + b + U(d_h ⊙ h₋)
        xp.tanh(a, out=a)
        finish_sigmoid(xp, sigmoid)
        if masks.by_step:
            masks.apply(t)
        xp.multiply(i_f, g_c, out=both)  # i ⊙ g and f ⊙ c₋
        xp.add(new_part, old_part, out=c)
        if cell_steps:
            xp.multiply(c, cell_steps[t], out=c)
        xp.tanh(c, out=tanh)
        xp.multiply(o, tanh, out=h)
        if zone_c.is_active:
            zone_c.apply(t, c, c_)
        if zone_h.is_active:
            zone_h.apply(t, h, h_)
    return hs[1:], [hs[T], cs[T]], LstmCache(gates, recurrent, masks, cell, zone_h, zone_c)


def backward(cache: LstmCache, U: Tensor, above: Tensor, last: tuple[Tensor, ...]) -> tuple[Tensor, list[Tensor]]:
    """Return the gradients of a, [T, 4, H, B], and of the initial (h, c), [B, H] each.

    above: the gradient of h of all steps, [T, B, H]. last: those of the last (h, c), [B, H] each.
    """
    xp, T = choose_library(above), len(above)
    factors, carry = _gradient_factors(cache)
    da, c_factor = factors[:, :C], factors[:, C]
    dstate = [to_columns(part) for part in last]
    backward_step, zone_h, zone_c = cache.recurrent.backward(U, da.flatten(1, 2), dstate[0]), cache.zone_h, cache.zone_c
    dh, dc = map(as_pointwise, dstate)
    product, past_gradient = xp.empty_like(dh), xp.empty_like(dh)
    loop = zip(range(T), *map(split_steps, (to_columns(above), *da.unbind(1), c_factor, carry)), strict=True)
    for t, dh_above, d_i, d_f, d_o, d_g, q, f in reversed(list(loop)):
        xp.add(dh, dh_above, out=dh)
        if zone_c.is_active:
            zone_c.split_gradient(t, dc, past_gradient)
            xp.subtract(dc, past_gradient, out=dc)
        xp.multiply(dh, q, out=product)  # dc̃ = dc + dh ⊙ o (1 - tanh² c̃)
        xp.add(dc, product, out=dc)
        xp.multiply(d_o, dh, out=d_o)  # do = dh ⊙ tanh c̃ ⊙ σ'
        xp.multiply(d_i, dc, out=d_i)  # di = dc̃ ⊙ g ⊙ σ'
        xp.multiply(d_f, dc, out=d_f)  # df = dc̃ ⊙ c₋ ⊙ σ'
        xp.multiply(d_g, dc, out=d_g)  # dg = dc̃ ⊙ i ⊙ tanh'
        xp.multiply(dc, f, out=dc)  # dc₋ = dc̃ ⊙ f
        if zone_c.is_active:
            xp.add(dc, past_gradient, out=dc)
        if zone_h.is_active:
            zone_h.split_gradient(t, dh, past_gradient)
        backward_step(t)  # dh₋ = d_h ⊙ Uᵀ da
        if zone_h.is_active:
            xp.add(dh, past_gradient, out=dh)
    return da, [part.t().contiguous() for part in dstate]


def _gradient_factors(cache: LstmCache) -> tuple[Tensor, Tensor]:
    """Return the factors of dc̃ (for i f g) and dh (for o and c̃) in the gradients, [T, 5, H, B], and of dc̃ in dc₋, [T, H, B].

    Computed for all steps before the loop, with every mask multiplied in, so that the loop is the same for every placement.
    """
    gates, masks, f = cache.gates, cache.masks, cache.gates[:, F]
    into = torch.empty_like(gates[:, :TANH])
    sigmoid_derivative(gates[:, :G], into[:, :G])
    tanh_derivative(gates[:, G::2], into[:, G:])  # of g and of tanh c̃
    for row, unmasked in masks.unmasked.items():
        (tanh_derivative if row == G else sigmoid_derivative)(unmasked, into[:, row])
    into[:, :G] *= gates[:, G:]  # i by g, f by c₋, o by tanh c̃
    into[:, G:] *= gates[:, :G:2]  # g by i, tanh c̃ by o
    masks.mask_gradients(into)
    if cache.cell is not None:
        for row in (I, F, G):
            into[:, row] *= cache.cell
        f = f * cache.cell
    if cache.zone_h.mask is not None:
        into[:, O] *= cache.zone_h.mask
        into[:, C] *= cache.zone_h.mask
    return into, f
