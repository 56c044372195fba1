"""The words of the network figure: names, what a screen reader hears, what a tooltip says."""

from core.dropout.placement import WORDS, Dropout
from core.dropout.sites import SITES
from core.figures.network.gate_routes import letters
from core.figures.network.scene import UNITS, Scene
from core.figures.path_sentence import through_cell
from core.i18n import N_, _, ngettext


def place(site: str, layer: int) -> str:
    """A site at a layer."""
    return _("{site} · layer {layer}").format(site=_(SITES[site].label), layer=layer)


# The sites on each stretch of the figure's connections, under the name of the site that gives it its place.
STRETCHES = {
    "input": ("words", "input", "input_weights"),
    "between": ("between", "input_weights"),
    "output": ("output",),
    "state": ("state", "recurrent_weights", "reset_gate"),
    "candidate": ("candidate", "input_gate"),
    "cell": ("cell", "forget_gate", "update_gate", "output_gate", "zoneout_cell", "zoneout_state"),
}
_NAMES = {"lstm": N_("LSTM"), "gru": N_("GRU"), "rnn": N_("plain RNN"), "rnn-logistic": N_("plain RNN")}


def sites_at(scene: Scene, stretch: str) -> list[str]:
    """The sites of the cell that lie on a stretch of its connections."""
    sites = STRETCHES[stretch] if scene.carries or stretch != "candidate" else ("zoneout_state",)
    return [site for site in sites if scene.shape.cell in SITES[site].cells]


def masks_on(scene: Scene, stretch: str, layer: int) -> list[str]:
    """Of those, the ones that drop at the layer."""
    return [site for site in sites_at(scene, stretch) if (site, layer) in scene.on]


def tooltip(scene: Scene, stretch: str, layer: int) -> list[str]:
    """What the sites of a stretch are and do: name, rate and sharing, what is multiplied, what that does to memory."""
    on = masks_on(scene, stretch, layer)
    if not on:
        site = min(sites_at(scene, stretch), key=lambda name: name != stretch)
        return [place(site, layer), _("clean: no mask here"), _(SITES[site].multiplies)]
    return [line for site in on for line in _about(scene, site, layer)]


def _about(scene: Scene, site: str, layer: int) -> list[str]:
    row, dropout = SITES[site], scene.placement.get(site)
    assert dropout is not None
    how = _("drops with p = {rate}: {sharing}").format(rate=f"{scene.on[site, layer]:g}", sharing=sharing(dropout))
    does = _("decides over {what}") if row.kind == "old" else _("multiplies {what}")
    return [place(site, layer), how, does.format(what=_(row.multiplies)), _(row.memory)]


def sharing(dropout: Dropout) -> str:
    """How a site's draw is shared, in words."""
    axes = ["time", "batch"] + ["gates"] * dropout.fresh("gates") + ["units"] * (not dropout.fresh("units"))
    return ", ".join(_(WORDS[getattr(dropout, axis)]) for axis in axes)


def mask_says(scene: Scene, site: str, layer: int, t: int, kept: int) -> str:
    """One barcode."""
    shown = min(scene.units(site, layer), UNITS)
    says = _("{place}, step {t}: {kept} of {shown} units shown are kept").format(
        place=place(site, layer), t=t, kept=kept, shown=shown
    )
    crossing = scene.crossed.get((site, layer, t))
    return says if crossing is None else _("{mask}; crossing {number} of the path").format(mask=says, number=crossing)


def link_says(scene: Scene, stretch: str, layer: int) -> str:
    """One kind of connection of a layer."""
    if on := masks_on(scene, stretch, layer):
        return _("{place}: masked").format(place=", ".join(place(site, layer) for site in on))
    site = min(sites_at(scene, stretch), key=lambda name: name != stretch)
    return _("{place}: clean").format(place=place(site, layer))


def input_says(scene: Scene, t: int) -> str:
    """The word at x_t."""
    says = _("input at step {t}: {word}").format(t=t, word=scene.inputs[t])
    return _("{word}, source of the path").format(word=says) if t == scene.climbs[0] else says


def prediction_says(scene: Scene, t: int) -> str:
    """The word at y_t."""
    predicted, right = scene.predicted[t], scene.right[t]
    if right is None:
        says = _("step {t}: nothing is asked").format(t=t)
    elif predicted is None:
        says = _("step {t}: nothing predicted yet, right is {right}").format(t=t, right=right)
    elif predicted == right:
        says = _("step {t}: predicts {word}, which is right").format(t=t, word=predicted)
    else:
        says = _("step {t}: predicts {word}, right is {right}").format(t=t, word=predicted, right=right)
    return _("{word}, target of the path").format(word=says) if t == scene.climbs[-1] else says


def climb_says(scene: Scene, layer: int) -> str:
    """The handle where the path leaves a layer for the one above."""
    return _("step at which the path climbs from layer {layer} to layer {above}").format(layer=layer, above=layer + 1)


def description(scene: Scene) -> str:
    """What the figure shows now."""
    window = _("The network, {cell} with {layers}, unrolled over steps {first} to {last}.").format(
        cell=_(_NAMES[scene.shape.cell]),
        layers=ngettext("{n} layer", "{n} layers", scene.layers).format(n=scene.layers),
        first=scene.first,
        last=scene.layout.last,
    )
    sites = [_(site.label) for site, _dropout in scene.placement]
    masks = _("Masks act at: {sites}.").format(sites=", ".join(sites)) if sites else _("No mask acts: all is clean.")
    return " ".join([window, masks, _journey(scene), *_gates(scene)])


def _gates(scene: Scene) -> list[str]:
    gates = letters(scene.shape.cell)
    return (
        [_("Dotted: the routes through the gates {letters}, between these two.").format(letters=", ".join(gates))]
        if scene.gates and gates
        else []
    )


def _journey(scene: Scene) -> str:
    n = len(scene.crossed)
    crossed = ngettext("crosses {n} mask", "crosses {n} masks", n).format(n=n)
    route = through_cell(scene.shape.cell) if scene.through == "cell" else _("through the state")
    return _("The path from step {source} to step {target} {route} {crossed}.").format(
        source=scene.climbs[0], target=scene.climbs[-1], route=route, crossed=crossed
    )


def excerpt(scene: Scene) -> str:
    """Which units the barcodes show, where that is not all of them, and which of the masks per gate; or nothing."""
    every = {scene.units(*at) for at in scene.on}
    wide = sorted(units for units in every if units > UNITS)
    separate = any(dropout.fresh("gates") for _site, dropout in scene.placement)
    some = (
        _("a barcode shows units 1–{shown} of {all}")
        if len(wide) == len(every)
        else _("of {all} units a barcode shows 1–{shown}")
    )
    units = some.format(shown=UNITS, all=_(" or ").join(map(str, wide)))
    weights = any(site.kind == "weights" for site, _dropout in scene.placement)
    into = _("of weights those into unit 1") + _(", gate g") * separate if weights else _("gate g") * separate
    return " · ".join([units] * bool(wide) + [into] * bool(into))


def outside(scene: Scene) -> str:
    """Which crossings of the path lie outside the window, or nothing."""
    before = [n for (_site, _layer, t), n in scene.crossed.items() if t < scene.first]
    after = [n for (_site, _layer, t), n in scene.crossed.items() if t > scene.layout.last]
    left, right = (f"{min(ns)}–{max(ns)}" if len(ns) > 1 else "".join(map(str, ns)) for ns in (before, after))
    if left and right:
        return _("masks {left} lie left of this window, {right} right").format(left=left, right=right)
    if not left and not right:
        return ""
    which, side, n = left or right, _("left") if left else _("right"), len(before) + len(after)
    return ngettext("mask {which} lies {side} of this window", "masks {which} lie {side} of this window", n).format(
        which=which, side=side
    )
