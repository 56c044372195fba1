"""The texts of the network figure: names, labels for screen readers, tooltips and notes."""

from core.dropout.cells import CELL_LABELS
from core.dropout.placement import CHOICE_LABELS, Dropout
from core.dropout.sites import SITES
from core.figures.dot_picture import describe_dots
from core.figures.network.gate_routes import list_gates
from core.figures.network.scene import MAX_UNITS, Scene
from core.figures.path_sentence import name_cell_route
from core.i18n import _, ngettext


def label_site(site: str, layer: int) -> str:
    """Return the name of a site at a layer."""
    return _("{site} · layer {layer}").format(site=_(SITES[site].label), layer=layer)


# The sites on each stretch of connections; a stretch is named after its main site.
SITES_BY_STRETCH = {
    "input": ("words", "input", "input_weights"),
    "between": ("between", "input_weights"),
    "output": ("output",),
    "state": ("state", "whole_state", "recurrent_weights", "reset_gate"),
    "candidate": ("candidate", "input_gate"),
    "cell": ("cell", "whole_state", "forget_gate", "update_gate", "output_gate", "zoneout_cell", "zoneout_state"),
}


def list_sites(scene: Scene, stretch: str) -> list[str]:
    """Return the sites of this cell on a stretch of connections."""
    sites = SITES_BY_STRETCH[stretch] if scene.has_carry or stretch != "candidate" else ("zoneout_state",)
    return [site for site in sites if scene.shape.cell in SITES[site].cells]


def list_active_sites(scene: Scene, stretch: str, layer: int) -> list[str]:
    """Return the sites on a stretch that are active at a layer."""
    return [site for site in list_sites(scene, stretch) if (site, layer) in scene.active_rates]


def build_tooltip(scene: Scene, stretch: str, layer: int) -> list[str]:
    """Return the lines about the sites of a stretch: name, rate and sharing, what is multiplied, the effect on memory."""
    active = list_active_sites(scene, stretch, layer)
    if not active:
        site = min(list_sites(scene, stretch), key=lambda name: name != stretch)
        return [label_site(site, layer), _("clean: no mask here"), _(SITES[site].multiplies)]
    return [line for site in active for line in _describe_site(scene, site, layer)]


def _describe_site(scene: Scene, site: str, layer: int) -> list[str]:
    row, dropout = SITES[site], scene.placement.get(site)
    assert dropout is not None
    settings = _("drops with p = {rate}: {sharing}").format(
        rate=f"{scene.active_rates[site, layer]:g}", sharing=describe_sharing(dropout)
    )
    effect = _("chooses between the new and the old value of {what}") if row.kind == "zoneout" else _("multiplies {what}")
    return [label_site(site, layer), settings, effect.format(what=_(row.multiplies)), _(row.memory)]


def describe_sharing(dropout: Dropout) -> str:
    """Return how a mask is shared over time, batch, gates and units."""
    axes = ["time", "batch"] + ["gates"] * dropout.is_fresh("gates") + ["units"] * (not dropout.is_fresh("units"))
    return ", ".join(_(CHOICE_LABELS[getattr(dropout, axis)]) for axis in axes)


def label_mask(scene: Scene, site: str, layer: int, t: int, kept_units: str) -> str:
    """Return the label of a barcode. kept_units: how many of its units are kept, as it is to be written."""
    crossing = scene.crossing_numbers.get((site, layer, t))
    if crossing is None:
        text = _("{place}, step {t}: {kept} of {shown} units shown are kept")
    else:
        text = _("{place}, step {t}: {kept} of {shown} units shown are kept; crossing {number} of the path")
    shown = min(scene.units(site, layer), MAX_UNITS)
    return text.format(place=label_site(site, layer), t=t, kept=kept_units, shown=shown, number=crossing)


def label_link(scene: Scene, stretch: str, layer: int) -> str:
    """Return the label of a stretch of connections."""
    if active := list_active_sites(scene, stretch, layer):
        return _("{place}: masked").format(place=", ".join(label_site(site, layer) for site in active))
    site = min(list_sites(scene, stretch), key=lambda name: name != stretch)
    return _("{place}: clean").format(place=label_site(site, layer))


def label_input(scene: Scene, t: int) -> str:
    """Return the label of the input at x_t."""
    is_source = t == scene.climbs[0]
    text = _("input at step {t}: {word}, source of the path") if is_source else _("input at step {t}: {word}")
    return text.format(t=t, word=describe_dots(scene.inputs[t]))


def label_prediction(scene: Scene, t: int) -> str:
    """Return the label of the prediction at y_t."""
    prediction, target = scene.predictions[t], scene.targets[t]
    if target is None:
        text = _("step {t}: nothing to predict")
    elif prediction is None:
        text = _("step {t}: no prediction yet, correct is {target}")
    elif prediction == target:
        text = _("step {t}: prediction {prediction}, correct")
    else:
        text = _("step {t}: prediction {prediction}, correct is {target}")
    label = text.format(t=t, prediction=prediction, target=target)
    return _("{label}, target of the path").format(label=label) if t == scene.climbs[-1] else label


def label_climb(scene: Scene, layer: int) -> str:
    """Return the label of the handle where the path climbs from a layer to the next."""
    return _("step at which the path climbs from layer {layer} to layer {above}").format(layer=layer, above=layer + 1)


def describe_network(scene: Scene) -> str:
    """Return a description of the figure for screen readers."""
    window = _("The network, {cell} with {layers}, unrolled over steps {first} to {last}.").format(
        cell=_(CELL_LABELS[scene.shape.cell]),
        layers=ngettext("{n} layer", "{n} layers", scene.layers).format(n=scene.layers),
        first=scene.first,
        last=scene.layout.last,
    )
    sites = [_(site.label) for site, _dropout in scene.placement]
    masks = _("Masks act at: {sites}.").format(sites=", ".join(sites)) if sites else _("No mask acts.")
    n = len(scene.crossing_numbers)
    path = ngettext(
        "The path from step {source} to step {target} {route} crosses {n} mask.",
        "The path from step {source} to step {target} {route} crosses {n} masks.",
        n,
    ).format(
        source=scene.climbs[0],
        target=scene.climbs[-1],
        route=name_cell_route(scene.shape.cell) if scene.through == "cell" else _("through the state"),
        n=n,
    )
    sentences, gates = [window, masks, path], list_gates(scene.shape.cell)
    if scene.gates and gates:
        text = _("Dotted: the routes through the gates {letters} between these two steps.")
        sentences.append(text.format(letters=", ".join(gates)))
    return " ".join(sentences)


def describe_visible_units(scene: Scene) -> str:
    """Return which units, weights and gates the barcodes show; "" if they show all."""
    sizes = {scene.units(*site_layer) for site_layer in scene.active_rates}
    cut = sorted(units for units in sizes if units > MAX_UNITS)
    has_weights = any(site.kind == "weights" for site, _dropout in scene.placement)
    has_gate_masks = any(dropout.is_fresh("gates") for _site, dropout in scene.placement)
    notes = []
    if cut:
        all_cut = len(cut) == len(sizes)
        text = _("a barcode shows units 1–{shown} of {all}") if all_cut else _("of {all} units a barcode shows 1–{shown}")
        notes.append(text.format(shown=MAX_UNITS, all=_(" or ").join(map(str, cut))))
    if has_weights:
        notes.append(_("of weights those into unit 1, gate g") if has_gate_masks else _("of weights those into unit 1"))
    elif has_gate_masks:
        notes.append(_("gate g"))
    return " · ".join(notes)


def describe_outside_crossings(scene: Scene) -> str:
    """Return which crossings of the path lie outside the window; "" if none does."""
    before = [n for (_site, _layer, t), n in scene.crossing_numbers.items() if t < scene.first]
    after = [n for (_site, _layer, t), n in scene.crossing_numbers.items() if t > scene.layout.last]
    left, right = (f"{min(ns)}–{max(ns)}" if len(ns) > 1 else "".join(map(str, ns)) for ns in (before, after))
    if left and right:
        return _("masks {left} lie left of this window, {right} right").format(left=left, right=right)
    if not left and not right:
        return ""
    if left:
        text = ngettext("mask {which} lies left of this window", "masks {which} lie left of this window", len(before))
    else:
        text = ngettext("mask {which} lies right of this window", "masks {which} lie right of this window", len(after))
    return text.format(which=left or right)
