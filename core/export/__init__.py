"""Export of an experiment as a stand-alone PyTorch script. Does not import torch.

The script contains only the masks that the placement has.
"""

from core.experiment.experiment import Experiment
from core.export.cells import build_model
from core.export.data import build_data, list_imports
from core.export.lines import describe_network, format_docstring, format_sizes, get_active_sites
from core.export.masks import build_masks
from core.export.training import build_training
from core.i18n import N_, _

_TOKENS = N_("Symbols: T steps, B samples, H units per layer, E embedding units, V tokens, C classes;")
_NUMBERS = N_("Symbols: T steps, B samples, H units per layer, E input features, C outputs;")
_SYMBOLS = N_("p is the probability of dropping. A mask has the shape [T, B, units]; a shared axis has length 1.")


def build_script(experiment: Experiment) -> str:
    """Return the experiment as one Python file: masks, model, data, training. It needs torch and numpy, for some tasks more.

    The script defines draw_masks(x, update), the masks of one update; test_time_masks(update), their test-time values, unless
    all are 1; Model.forward(x, states, masks); compute_loss(…), the loss of an update with its penalties; and load_data().
    """
    parts = (
        _head(experiment),
        build_masks(experiment),
        build_model(experiment),
        build_data(experiment),
        build_training(experiment),
    )
    return "\n".join("\n".join(part).strip("\n") + "\n\n" for part in parts).rstrip("\n") + "\n"


def _head(e: Experiment) -> list[str]:
    title = _("{network}, in plain PyTorch. Dropout: {method}.").format(**describe_network(e))
    return [
        *format_docstring(title, " ".join([_(_TOKENS) if e.has_tokens else _(_NUMBERS), _(_SYMBOLS)]), indent=""),
        "",
        *_list_all_imports(e),
        "",
        "import torch",
        "from torch import nn",
        "from torch.nn import functional as F",
        "",
        *format_sizes(e),
        "",
    ]


def _list_all_imports(e: Experiment) -> list[str]:
    lines = {*list_imports(e.task), *(["import zlib", "import numpy as np"] if get_active_sites(e) else [])}
    return sorted(lines, key=lambda line: (line == "import numpy as np", line.startswith("from"), line))
