"""The phases of one update: their names and their equations, with a mask d at every active site."""

from collections.abc import Collection

from core.i18n import N_, _

PHASES = {
    "masks": N_("Draw masks"),
    "forward": N_("Forward through time"),
    "loss": N_("Loss"),
    "backward": N_("Backward"),
    "update": N_("Update"),
}
_LSTM_SITES = ("input_gate", "forget_gate", "output_gate", "candidate")
_ZONEOUT_SITES = (("zoneout_cell", "c"), ("zoneout_state", "h"))


def format_equations(
    cell: str,
    on: Collection[str],
    gaussian: bool = False,
    scalings: Collection[str] = ("inverted",),
    squared: bool = False,
    summed: bool = False,
    optimizer: str = "adam",
) -> dict[str, str]:
    """Return the equations of each phase, a few lines of text by phase.

    on: the active sites, each with a mask d. gaussian: whether the masks are Gaussian. scalings: those of the active sites.
    squared: whether the loss is the squared error instead of the cross-entropy. summed: whether the loss is summed over
    time instead of averaged.
    """
    of = _("sum over time, mean over the batch,") if summed else _("mean")
    step = _("Adam(s·∂loss/∂w)") if optimizer == "adam" else _("s·∂loss/∂w")
    return {
        "masks": _format_mask(on, gaussian, scalings),
        "forward": _format_forward(cell, on),
        "loss": (
            _("loss = {of} of (prediction − target)²").format(of=of)
            if squared
            else _("loss = {of} of −ln p(target)").format(of=of)
        ),
        "backward": _("δ = ∂loss/∂·, a = {product}").format(product=_format_recurrent_product(on))
        + "\n"
        + _format_backward(cell, on),
        "update": _("s = min(1, clip/‖gradient‖)\nw ← w − η·{step}").format(step=step),
    }


def _format_mask(on: Collection[str], gaussian: bool, scalings: Collection[str]) -> str:
    if not on:
        return _("no masks")
    if gaussian:
        return "d ~ N(1, p/(1−p))"
    scale = "1/(1−p)" if set(scalings) == {"inverted"} else "1" if "inverted" not in scalings else _("1/(1−p) or 1, by place")
    return _("d = 0 with probability p, else {scale}").format(scale=scale)


def _apply_mask(on: Collection[str], symbol: str, *sites: str) -> str:
    return f"(d⊙{symbol})" if set(sites) & set(on) else symbol


def _format_recurrent_product(on: Collection[str]) -> str:
    """Return the recurrent term of all pre-activations, U h₋ with its masks."""
    return _apply_mask(on, "U", "recurrent_weights") + _apply_mask(on, _apply_mask(on, "h₋", "whole_state"), "state")


def _format_forward(cell: str, on: Collection[str]) -> str:
    def apply_mask(symbol: str, *sites: str) -> str:
        return _apply_mask(on, symbol, *sites)

    x, h = apply_mask("W", "input_weights") + apply_mask("x", "words", "input", "between"), _format_recurrent_product(on)
    i, f, o, g = (apply_mask(symbol, site) for symbol, site in zip("ifog", _LSTM_SITES, strict=True))
    r, z = apply_mask("r", "reset_gate"), apply_mask("z", "update_gate")
    zoned = [f"{symbol} ← d⊙{symbol} + (1−d)⊙{symbol}₋" for site, symbol in _ZONEOUT_SITES if site in on]
    c = f"c = d⊙({f}⊙c₋ + {i}⊙{g})" if "cell" in on else f"c = {f}⊙c₋ + {i}⊙{g}"
    lines = {
        "lstm": [f"i, f, o = σ({x} + {h} + b)", f"g = tanh({x} + {h} + b)", c, f"h = {o}⊙tanh c"],
        "gru": [
            f"r, z = σ({x} + {h} + b)",
            f"g = tanh({x} + {r}⊙({h} + b))",
            f"h = (1−{z})⊙{g} + {z}⊙{apply_mask('h₋', 'whole_state')}",
        ],
        "rnn": [f"h = tanh({x} + {h} + b)"],
        "rnn-logistic": [f"h = σ({x} + {h} + b)"],
    }
    before = _("h₋, c₋: h and c of the step before") if cell == "lstm" else _("h₋: h of the step before")
    return "\n".join([*lines[cell], *zoned, before])


def _format_backward(cell: str, on: Collection[str]) -> str:
    """Return the gradients that flow back in time; the dots stand for those from the layer above and through gates."""
    transposed = "(d⊙U)ᵀδa" if "recurrent_weights" in on else "Uᵀδa"
    product = f"d⊙({transposed})" if "state" in on else transposed
    carry = "d⊙z" if "update_gate" in on else "z"
    if "whole_state" in on:
        product, carry = f"d⊙{product}" if "state" in on else f"d⊙({product})", f"d⊙{carry}"
    h = [product, *(["(1−d)⊙δh"] if "zoneout_state" in on else [])]
    f = "d⊙f⊙δc" if {"cell", "forget_gate", "zoneout_cell"} & set(on) else "f⊙δc"
    c = [f, *(["(1−d)⊙δc"] if "zoneout_cell" in on else [])]
    lines = {"lstm": [("δc₋", c), ("δh₋", h)], "gru": [("δh₋", [f"{carry}⊙δh", *h])]}.get(cell, [("δh₋", h)])
    return "\n".join(f"{name} = {' + '.join(terms)} + …" for name, terms in lines)
