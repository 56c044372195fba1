"""The phases of one update: their names, and what each computes, with a mask wherever a site is on."""

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
_ZONED = (("zoneout_cell", "c"), ("zoneout_state", "h"))


def equations(
    cell: str,
    on: Collection[str],
    gaussian: bool = False,
    scalings: Collection[str] = ("inverted",),
    squared: bool = False,
    summed: bool = False,
    optimiser: str = "adam",
) -> dict[str, str]:
    """What each phase computes, in a few lines, with a mask d wherever a site is on. scalings: those of these sites.
    squared: whether the loss is the squared error, and not the cross-entropy. summed: over time, and not its mean."""
    of = _("sum over time, mean over the batch,") if summed else _("mean")
    step = _("Adam(s·∂loss/∂w)") if optimiser == "adam" else _("s·∂loss/∂w")
    return {
        "masks": _mask(on, gaussian, scalings),
        "forward": _forward(cell, on),
        "loss": _("loss = {of} of (answer − right)²" if squared else "loss = {of} of −ln p(right answer)").format(of=of),
        "backward": _("δ = ∂loss/∂·, a = {product}").format(product=_product(on)) + "\n" + _backward(cell, on),
        "update": _("s = min(1, clip/‖gradient‖)\nw ← w − η·{step}").format(step=step),
    }


def _mask(on: Collection[str], gaussian: bool, scalings: Collection[str]) -> str:
    if not on:
        return _("no masks")
    if gaussian:
        return "d ~ N(1, p/(1−p))"
    kept = "1/(1−p)" if set(scalings) == {"inverted"} else "1" if "inverted" not in scalings else _("1/(1−p) or 1, by place")
    return _("d = 0 with probability p, else {kept}").format(kept=kept)


def _met(on: Collection[str], symbol: str, *sites: str) -> str:
    return f"(d⊙{symbol})" if set(sites) & set(on) else symbol


def _product(on: Collection[str]) -> str:
    """What comes from the step before into all sums."""
    return _met(on, "U", "recurrent_weights") + _met(on, "h₋", "state")


def _forward(cell: str, on: Collection[str]) -> str:
    def met(symbol: str, *sites: str) -> str:
        return _met(on, symbol, *sites)

    x, h = met("W", "input_weights") + met("x", "words", "input", "between"), _product(on)
    i, f, o, g = (met(symbol, site) for symbol, site in zip("ifog", _LSTM_SITES, strict=True))
    r, z = met("r", "reset_gate"), met("z", "update_gate")
    zoned = [f"{symbol} ← d⊙{symbol} + (1−d)⊙{symbol}₋" for site, symbol in _ZONED if site in on]
    c = f"c = d⊙({f}⊙c₋ + {i}⊙{g})" if "cell" in on else f"c = {f}⊙c₋ + {i}⊙{g}"
    lines = {
        "lstm": [f"i, f, o = σ({x} + {h} + b)", f"g = tanh({x} + {h} + b)", c, f"h = {o}⊙tanh c"],
        "gru": [f"r, z = σ({x} + {h} + b)", f"g = tanh({x} + {r}⊙({h} + b))", f"h = (1−{z})⊙{g} + {z}⊙h₋"],
        "rnn": [f"h = tanh({x} + {h} + b)"],
        "rnn-logistic": [f"h = σ({x} + {h} + b)"],
    }
    before = _("h₋, c₋: h and c of the step before") if cell == "lstm" else _("h₋: h of the step before")
    return "\n".join([*lines[cell], *zoned, before])


def _backward(cell: str, on: Collection[str]) -> str:
    """The ways by which a slope comes from the step after; the points stand for those from above and through gates."""
    transposed = "(d⊙U)ᵀδa" if "recurrent_weights" in on else "Uᵀδa"
    h = [f"d⊙({transposed})" if "state" in on else transposed, *(["(1−d)⊙δh"] if "zoneout_state" in on else [])]
    carry = "d⊙z" if "update_gate" in on else "z"
    f = "d⊙f⊙δc" if {"cell", "forget_gate", "zoneout_cell"} & set(on) else "f⊙δc"
    c = [f, *(["(1−d)⊙δc"] if "zoneout_cell" in on else [])]
    lines = {"lstm": [("δc₋", c), ("δh₋", h)], "gru": [("δh₋", [f"{carry}⊙δh", *h])]}.get(cell, [("δh₋", h)])
    return "\n".join(f"{name} = {' + '.join(terms)} + …" for name, terms in lines)
