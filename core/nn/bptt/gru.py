"""The GRU's loops in PyTorch's form, forward and backward.

ĥ = d ⊙ h₋                     p = U(d_h ⊙ ĥ) + b         r, z = d ⊙ σ(W x + p)      g̃ = tanh(W x + r ⊙ p)
h̃ = (1 - z) ⊙ d ⊙ g̃ + z ⊙ ĥ    then Zoneout: h of h̃ and h₋
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.nn.bptt.arrays import as_pointwise, choose_library, split_steps, to_columns
from core.nn.bptt.gates import GateMasks, GateOrder, finish_sigmoid, sigmoid_derivative, tanh_derivative
from core.nn.bptt.recurrent_product import RecurrentProduct, make_recurrent_product
from core.nn.bptt.whole_state import WholeState
from core.nn.bptt.zoneout import Zoneout
from core.nn.cells import LayerMasks

# The loop's order is p r z g, where r multiplies p. The recurrent product makes p r z, the input product r z g.
P, R, Z, G = range(4)
INPUT_ORDER = GateOrder((0, 1, 2), (0.5, 0.5, 1.0), slice(R, G + 1))
RECURRENT_ORDER = GateOrder((2, 0, 1), (1.0, 0.5, 0.5), slice(P, G))


@dataclass(frozen=True)
class GruCache:
    """The values for the backward pass: p, r, z and g [T, 4, H, B], ĥ - g [T, H, B], and the masks."""

    gates: Tensor
    change: Tensor
    recurrent: RecurrentProduct
    masks: GateMasks
    candidate: GateMasks
    zone: Zoneout
    past: WholeState


def forward(
    wx: Tensor, state: tuple[Tensor, ...], U: Tensor, b: Tensor, m: LayerMasks
) -> tuple[Tensor, list[Tensor], GruCache]:
    """Return h of all steps [T, H, B], the last (h,) [H, B], and the cache for `backward`.

    wx [T, 3H, B], state (h,) [B, H], b [3H, 1].
    """
    T, B, H, xp = len(wx), wx.shape[2], state[0].shape[1], choose_library(wx)
    gates, hs, change = wx.new_empty(T, 4, H, B), wx.new_empty(T + 1, H, B), wx.new_empty(T, H, B)
    hs[0] = state[0].t()
    gates[:, P], gates[:, G] = b[:H], wx[:, 2 * H :]  # g's b belongs to the recurrent product, its W x does not
    torch.add(wx[:, : 2 * H], b[H:], out=gates[:, R:G].flatten(1, 2))
    past = WholeState(m.whole_state, hs)
    recurrent = make_recurrent_product(U, RECURRENT_ORDER.reorder_mask(m.state), past.read, gates[:, :G].flatten(1, 2))
    masks, candidate = GateMasks({R: m.reset_gate, Z: m.update_gate}, gates), GateMasks({G: m.candidate}, gates)
    zone, product = Zoneout(m.zoneout_state, wx, T), as_pointwise(wx.new_empty(H, B))
    loop = zip(*map(split_steps, (gates[:, R:G], *gates.unbind(1), change, hs[:-1], past.read, hs[1:])), strict=True)
    for t, (sigmoid, p, r, z, g, d, h_, read, h) in enumerate(loop):
        if past.is_active:
            past.apply(t)
        recurrent.add(t)  # r, z: W x + b + U(d_h ⊙ ĥ); p: b + U(d_h ⊙ ĥ)
        xp.tanh(sigmoid, out=sigmoid)
        finish_sigmoid(xp, sigmoid)
        masks.apply(t)
        xp.multiply(r, p, out=product)
        xp.add(g, product, out=g)
        xp.tanh(g, out=g)
        candidate.apply(t)
        xp.subtract(read, g, out=d)  # h̃ = g + z ⊙ (ĥ - g)
        xp.multiply(z, d, out=product)
        xp.add(g, product, out=h)
        if zone.is_active:
            zone.apply(t, h, h_)
    return hs[1:], [hs[T]], GruCache(gates, change, recurrent, masks, candidate, zone, past)


def backward(cache: GruCache, U: Tensor, above: Tensor, last: tuple[Tensor, ...]) -> tuple[Tensor, list[Tensor]]:
    """Return the gradients of p, r, z and g before σ and tanh, [T, 4, H, B], and of the initial (h,), [B, H].

    above: the gradient of h of all steps, [T, B, H]. last: that of the last (h,), [B, H].
    """
    xp, T = choose_library(above), len(above)
    da, carry = _gradient_factors(cache)
    (dstate,) = map(to_columns, last)
    backward_step, dh = cache.recurrent.backward(U, da[:, RECURRENT_ORDER.at].flatten(1, 2), dstate), as_pointwise(dstate)
    past_gradient = xp.empty_like(dh)
    loop = zip(range(T), split_steps(to_columns(above)), split_steps(da), split_steps(carry), strict=True)
    for t, dh_above, d, z in reversed(list(loop)):
        xp.add(dh, dh_above, out=dh)
        xp.multiply(d, dh, out=d)
        xp.multiply(dh, z, out=past_gradient)
        backward_step(t)  # dh₋ = z ⊙ dh + d_h ⊙ Uᵀ da, where a mask d on the whole state multiplies both terms
        if cache.past.is_active:
            cache.past.mask_gradient(t, dh)
        xp.add(dh, past_gradient, out=dh)
    return da, [dstate.t().contiguous()]


def _gradient_factors(cache: GruCache) -> tuple[Tensor, Tensor]:
    """Return the factors of dh in the gradients of p, r, z and g, [T, 4, H, B], and in h₋ past all products, [T, H, B].

    Computed for all steps before the loop, with every mask multiplied in.
    """
    p, r, z, _g = cache.gates.unbind(1)
    into = torch.empty_like(cache.gates)
    d_p, d_r, d_z, d_g = into.unbind(1)
    tanh_derivative(cache.candidate.get_unmasked(G), d_g)
    d_g *= 1 - z
    cache.candidate.mask_gradients(into)
    torch.mul(d_g, r, out=d_p)  # p acts through g
    sigmoid_derivative(cache.masks.get_unmasked(R), d_r)
    d_r *= p
    d_r *= d_g  # r also acts through g
    sigmoid_derivative(cache.masks.get_unmasked(Z), d_z)
    d_z *= cache.change
    cache.masks.mask_gradients(into)
    if cache.past.mask is not None:
        z = z * cache.past.mask
    if cache.zone.mask is not None:
        into *= cache.zone.mask[:, None]
        z = z * cache.zone.mask + (1 - cache.zone.mask)
    return into, z
