"""The code of what is on the screen: one experiment as a PyTorch script that runs by itself, to read, paste and change.

Plain text is put together here; nothing of torch is imported. Only the masks that this placement has are written down.
"""

from core.dropout.methods import METHODS
from core.experiment.experiment import Experiment
from core.export.cells import model
from core.export.data import IMPORTS, data
from core.export.lines import doc
from core.export.masks import masks
from core.export.training import training
from core.i18n import N_, _, ngettext

_TOKENS = N_("Symbols: T steps, B samples, H units of each layer, E units of the embedding, V tokens, C classes;")
_NUMBERS = N_("Symbols: T steps, B samples, H units of each layer, E numbers a step of the input, C answers;")
_SYMBOLS = N_(
    "p is the probability of dropping. A mask has the shape [T, B, units]; an axis along which it is shared has the length 1."
)


def script(experiment: Experiment) -> str:
    """The experiment as one Python file that needs torch, and of the digits scikit-learn: masks, model, data, training.

    Its names: draw_masks(x, update) draws the masks of one update, masks_at_test(update) what stands for them at test (left out
    where that is 1), Model.forward(x, states, masks) takes them, objective(…) is what an update makes small.
    """
    parts = (_head(experiment), masks(experiment), model(experiment), data(experiment), training(experiment))
    return "\n".join("\n".join(part).strip("\n") + "\n\n" for part in parts).rstrip("\n") + "\n"


def _head(e: Experiment) -> list[str]:
    widths = ", ".join(map(str, e.widths)) + ("," if e.layers == 1 else "")
    return [
        *doc(_title(e), " ".join([_(_TOKENS) if e.words else _(_NUMBERS), _(_SYMBOLS)]), indent=""),
        "",
        *(f"import {name}" for name in _imports(e)),
        "",
        "import torch",
        "from torch import nn",
        "from torch.nn import functional as F",
        "",
        f"T, B, E, H = {e.steps}, {e.batch}, {e.shape.embedding}, ({widths})",
        f"L = {e.layers}  # {_('layers')}",
        "",
    ]


def _imports(e: Experiment) -> list[str]:
    return IMPORTS.get(e.task, [])


def _title(e: Experiment) -> str:
    method = _(METHODS[e.method].label) if e.method else _("a placement of your own")
    layers = ngettext("{n} layer", "{n} layers", e.layers).format(n=e.layers)
    return _("{cell}, {layers}, in plain PyTorch. Dropout: {method}.").format(cell=e.cell.upper(), layers=layers, method=method)
