"""Export of an experiment as a stand-alone Keras script, where Keras' layers can express it. Does not import Keras.

The data are those of the PyTorch script, made by the same lines; Keras draws masks of its own.
"""

from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.export.data import build_data, carries_states, list_imports
from core.export.keras_layers import (
    FIRST_WITH_COPIED_STATES,
    FIRST_WITH_GATE_MASKS,
    find_keras_obstacle,
    format_dropout_layer,
    format_recurrent_layer,
    has_gate_masks,
)
from core.export.keras_training import build_training
from core.export.lines import describe_network, format_comment, format_docstring, format_sizes, get_active_sites
from core.i18n import N_, _

_TOKEN_INPUT = [
    '    model.add(keras.Input(batch_shape=(B, T), dtype="int32"))',
    "    model.add(layers.Embedding(V, E))",
]
_FEATURE_INPUT = ["    model.add(keras.Input(batch_shape=(B, T, E)))"]
_AXES = N_("Symbols: T steps, B samples, H units per layer, E embedding units or features, V tokens, C classes or outputs.")
_MASKS = N_(
    "Keras draws the masks: at the same places, with the same rates and sharing as in the app, but other random numbers. The "
    "data are made with PyTorch, as in the PyTorch script. Any backend of Keras can train; PyTorch's is taken unless the "
    "environment variable KERAS_BACKEND names another."
)


def build_keras_script(experiment: Experiment) -> str:
    """Return the experiment as one Python file: data, model, training. It needs Keras, torch and numpy, for some tasks more.

    The script defines build_model(V, C), draw_weights(model), make_batch(x, y) and load_data().
    Raises Invalid with the sentence of `find_keras_obstacle` if Keras' layers cannot express the experiment.
    """
    if obstacle := find_keras_obstacle(experiment):
        raise Invalid(_("Keras cannot express this experiment. {why}").format(why=obstacle), "placement")
    parts = (_head(experiment), build_data(experiment), _write_model(experiment), build_training(experiment))
    return "\n".join("\n".join(part).strip("\n") + "\n\n" for part in parts).rstrip("\n") + "\n"


def _head(e: Experiment) -> list[str]:
    title = _("{network}, in Keras. Dropout: {method}.").format(**describe_network(e))
    check = _write_version_check(e)
    imports = {*list_imports(e.task), "import os", *(["import sys"] if check else [])} - {"import numpy as np"}
    return [
        *format_docstring(title, _(_AXES), _(_MASKS), indent=""),
        "",
        *sorted(imports, key=lambda line: (line.startswith("from"), line)),
        "",
        'os.environ.setdefault("KERAS_BACKEND", "torch")',
        "",
        "import keras",
        "import numpy as np",
        "import torch",
        "from keras import layers",
        "from torch.nn import functional as F",
        "",
        *format_sizes(e),
        "",
        *check,
    ]


def _write_version_check(e: Experiment) -> list[str]:
    """Return the lines that refuse a Keras that draws other masks or cannot train this; [] if every version of Keras 3 can."""
    by_gate = has_gate_masks(e)
    texts = (
        _("These masks, one for all gates, are those of Keras 3.0 to 3.7; newer ones draw one for each gate."),
        _("These masks, one for each gate, need Keras 3.8 or newer; older ones draw one for all gates."),
    )
    lines = []
    if by_gate is not None:
        condition = f"version {'<' if by_gate else '>='} {FIRST_WITH_GATE_MASKS}"
        lines += [f"if {condition}:", f"    sys.exit({texts[by_gate]!r})"]
    if carries_states(e):
        says = _("Before 3.9 Keras cannot carry states with PyTorch's backend: set KERAS_BACKEND to jax or tensorflow.")
        condition = f'version < {FIRST_WITH_COPIED_STATES} and keras.backend.backend() == "torch"'
        lines += [f"if {condition}:", f"    sys.exit({says!r})"]
    return ['version = tuple(map(int, keras.__version__.split(".")[:2]))', *lines, ""] if lines else []


def _write_model(e: Experiment) -> list[str]:
    return [
        "def build_model(V, C):",
        *format_docstring(
            _("Return the network: it takes {inputs} and returns logits [B, T, C].").format(
                inputs=_("token numbers [B, T]") if e.has_tokens else _("features [B, T, E]")
            )
        ),
        "    model = keras.Sequential()",
        *(_TOKEN_INPUT if e.has_tokens else _FEATURE_INPUT),
        *(line for layer in range(1, e.layers + 1) for line in _write_recurrent_layer(e, layer)),
        *_write_dropout_layer(e, "output", e.layers, f"H[{e.layers - 1}]"),
        "    model.add(layers.Dense(C))",
        "    return model",
        "",
        "",
        *_write_draw_weights(e),
    ]


def _write_recurrent_layer(e: Experiment, layer: int) -> list[str]:
    site, width = ("input", "E") if layer == 1 else ("between", f"H[{layer - 2}]")
    says = _("one mask a sequence: dropout= on what comes from below, recurrent_dropout= on the state")
    line = f"    model.add({format_recurrent_layer(e, layer)})"
    return [*_write_dropout_layer(e, site, layer, width), *(format_comment(says) if "dropout=" in line else []), line]


def _write_dropout_layer(e: Experiment, site: str, layer: int, width: str) -> list[str]:
    expression = format_dropout_layer(e, site, layer, width)
    label = get_active_sites(e)[site][0].label if expression else ""
    return [f"    model.add({expression})  # {_(label)}"] if expression else []


def _write_draw_weights(e: Experiment) -> list[str]:
    """Return the function that draws the initial weights as the engine does, in Keras' order of the gates."""
    bound = repr(e.init_range) if e.init_range else "units**-0.5 if units else 0.1"
    return [
        "def draw_weights(model):",
        *format_docstring(_("Draw the initial weights uniformly within the bounds of the app.")),
        f"    generator = np.random.default_rng({e.weight_seed})",
        "    for layer in model.layers:",
        '        units = H[-1] if isinstance(layer, layers.Dense) else getattr(layer, "units", None)',
        f"        bound = {bound}",
        "        for variable in layer.trainable_variables:",
        "            variable.assign(generator.uniform(-bound, bound, variable.shape))",
        *_write_bias(e),
    ]


def _write_bias(e: Experiment) -> list[str]:
    gates = {"lstm": "bias[units : 2 * units]", "gru": "bias[1, :units]"}
    is_open = e.cell in gates and e.forget_bias is not None
    if not is_open and e.cell != "gru":
        return []
    return [
        f"        if isinstance(layer, layers.{'LSTM' if e.cell == 'lstm' else 'GRU'}):",
        "            bias = keras.ops.convert_to_numpy(layer.cell.bias).copy()",
        *(
            [f"            bias[0] = 0  # {_('of the two biases of a GRU in Keras the app has the second')}"]
            if e.cell == "gru"
            else []
        ),
        *(
            [f"            {gates[e.cell]} = {e.forget_bias!r}  # {_('the gate that keeps the state starts open')}"]
            if is_open
            else []
        ),
        "            layer.cell.bias.assign(bias)",
    ]
