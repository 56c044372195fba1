"""Which layers and arguments of Keras express a placement: Dropout layers, `dropout=` and `recurrent_dropout=`.

Keras 3.0 to 3.7 draws one mask for all gates of a recurrent layer. Since 3.8 a layer with `recurrent_dropout` draws one mask
for each gate, on its input and on its state; a layer with `dropout` alone still draws one for all.
"""

from core.dropout.cells import GATES
from core.dropout.placement import Dropout
from core.dropout.sites import Site
from core.experiment.experiment import Experiment
from core.export.data import carries_states
from core.export.lines import get_active_sites
from core.i18n import _

LAYERS = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN", "rnn-logistic": "SimpleRNN"}
# Since this version recurrent_dropout draws one mask for each gate.
FIRST_WITH_GATE_MASKS = (3, 8)
# Since this version a carried state is copied, where PyTorch's backend overwrote it before its gradient was computed.
FIRST_WITH_COPIED_STATES = (3, 9)
_UNIT_SITES = ("input", "between", "output")


def find_keras_obstacle(e: Experiment) -> str | None:
    """Return the sentence that says what of the experiment Keras' layers cannot express, or None if they express all of it."""
    for site, dropout in get_active_sites(e).values():
        if reason := _explain_site(e, site, dropout):
            return f"{_('There is no Keras script for the site “{site}”.').format(site=_(site.label))} {reason}"
    reason = _explain_training(e)
    return f"{_('There is no Keras script.')} {reason}" if reason else None


def has_gate_masks(e: Experiment) -> bool | None:
    """Return whether the state has one mask for each gate (Keras from 3.8 on) or one for all (up to 3.7).

    None: the state has no mask or the cell has one gate only, so that every version does the same.
    """
    state = get_active_sites(e).get("state")
    return None if state is None or len(GATES[e.cell]) == 1 else state[1].is_fresh("gates")


def uses_dropout_argument(e: Experiment, site: str, layer: int) -> bool:
    """Return whether `dropout=` of the recurrent layer draws the mask on its input, as one per sequence.

    Beside a `recurrent_dropout` with one mask for each gate, `dropout` has one for each gate too; a mask for all gates is then
    drawn by a layer of its own.
    """
    dropout = e.placement.get(site)
    if dropout is None or not _is_argument(dropout):
        return False
    by_gate = bool(has_gate_masks(e)) and e.placement.get_rate("state", layer, e.layers) > 0
    return len(GATES[e.cell]) == 1 or dropout.is_fresh("gates") == by_gate


def format_dropout_layer(e: Experiment, site: str, layer: int, width: str) -> str | None:
    """Return the layer that draws a site's mask on [B, T, width], or None where there is no mask or an argument draws it."""
    dropout, rate = e.placement.get(site), e.placement.get_rate(site, layer, e.layers)
    if dropout is None or rate == 0 or (site != "output" and uses_dropout_argument(e, site, layer)):
        return None
    if dropout.noise == "gaussian":
        return f"layers.GaussianDropout({rate!r})"
    fresh = [dropout.is_fresh(axis) for axis in ("batch", "time", "units")]
    if fresh == [True, False, True]:
        return f"layers.SpatialDropout1D({rate!r})"
    shape = ", ".join(size if one else "1" for one, size in zip(fresh, ("B", "T", width), strict=True))
    return f"layers.Dropout({rate!r}{'' if all(fresh) else f', noise_shape=({shape})'})"


def format_recurrent_layer(e: Experiment, layer: int) -> str:
    """Return the recurrent layer with its arguments."""
    site = "input" if layer == 1 else "between"
    rates = {
        "dropout": e.placement.get_rate(site, layer, e.layers) if uses_dropout_argument(e, site, layer) else 0.0,
        "recurrent_dropout": e.placement.get_rate("state", layer, e.layers),
    }
    arguments = [
        f"H[{layer - 1}]",
        *(['activation="sigmoid"'] if e.cell == "rnn-logistic" else []),
        *(f"{name}={rate!r}" for name, rate in rates.items() if rate > 0),
        "return_sequences=True",
        *(_list_state_arguments(e) if carries_states(e) else []),
    ]
    return f"layers.{LAYERS[e.cell]}({', '.join(arguments)})"


def _list_state_arguments(e: Experiment) -> list[str]:
    """Return the arguments of a layer that carries its state from window to window.

    With PyTorch as the backend the fast kernel of Keras 3.15 overwrites a carried state before its gradient is computed.
    """
    return ["stateful=True", *(["use_cudnn=False"] if len(GATES[e.cell]) > 1 else [])]


def _is_argument(dropout: Dropout) -> bool:
    """Return whether the arguments of a recurrent layer draw in this way: one mask for each sequence, sample and unit."""
    return (
        dropout.noise == "bernoulli"
        and not dropout.is_fresh("time")
        and dropout.is_fresh("batch")
        and dropout.is_fresh("units")
    )


def _explain_site(e: Experiment, site: Site, dropout: Dropout) -> str | None:
    """Return the sentence why Keras' layers cannot express a site, or None if they can."""
    if site.name == "whole_state":
        return _("Of Keras' layers only the GRU of 3.0 to 3.7 masks it, by recurrent_dropout; no layer of a newer Keras does.")
    if site.name not in (*_UNIT_SITES, "state"):
        return _("No layer and no argument of Keras masks {what}.").format(what=_(site.multiplies).split(":")[0])
    if dropout.schedule.kind != "constant":
        return _("The rate changes during the training; that of a Keras layer is fixed.")
    if dropout.noise == "bernoulli" and dropout.scaling != "inverted":
        return _("The mask is not scaled in training; Keras' layers always divide by 1-p then.")
    if site.name == "state":
        return _explain_state(e, dropout)
    if dropout.noise == "gaussian" and not all(dropout.is_fresh(axis) for axis in ("time", "batch", "units")):
        return _("The noise is shared; GaussianDropout draws it for each step, sample and unit.")
    return _explain_gates(e, site, dropout)


def _explain_state(e: Experiment, dropout: Dropout) -> str | None:
    if not _is_argument(dropout):
        return _(
            "The argument recurrent_dropout draws one mask for each sequence, sample and unit, nothing else masks the state."
        )
    if e.cell == "gru" and not dropout.is_fresh("gates"):
        return _("One mask for all gates of a GRU is drawn by Keras 3.0 to 3.7 only, which mask what z carries on too.")
    return None


def _explain_gates(e: Experiment, site: Site, dropout: Dropout) -> str | None:
    """Return why a mask for each gate cannot be drawn on the input of a layer, or None."""
    if not dropout.is_fresh("gates") or len(GATES[e.cell]) == 1:
        return None
    layers = [layer for one, layer, _dropout in e.placement.list_active(e.layers) if one.name == site.name]
    if all(uses_dropout_argument(e, site.name, layer) for layer in layers):
        return None
    return _(
        "Each gate has its own mask; Keras draws those once a sequence, where the state of the layer has one for each gate too."
    )


def _explain_training(e: Experiment) -> str | None:
    """Return what of the loss, the decoder or the optimizer is left to plain PyTorch, or None."""
    if e.placement.losses:
        return _("No layer of Keras adds this term to the loss: {names}.").format(
            names=", ".join(name for name, _weight in e.placement.losses)
        )
    if e.decoder == "tied":
        return _("No layer of Keras shares the weights of the embedding with a decoder that has a bias.")
    if e.optimiser == "nt-asgd":
        return _("Keras has no averaged SGD that begins when the validation loss stops falling.")
    if e.optimiser == "adam" and e.weight_decay:
        return _("The weight decay of Keras' Adam is taken off the weights, not added to the gradient.")
    return None
