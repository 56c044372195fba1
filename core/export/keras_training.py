"""The part of the Keras script that trains: batches, the evaluation and the training loop."""

from core.experiment.experiment import Experiment
from core.export.data import carries_states
from core.export.lines import format_docstring, indent_lines
from core.export.training import (
    EXTRA_METRIC,
    format_loss,
    format_target_mask,
    is_regression,
    write_epoch_end,
    write_monte_carlo_print,
    write_start,
    write_train_start,
)
from core.i18n import _


def build_training(e: Experiment) -> list[str]:
    """Return the functions make_batch, reset_states, predict, evaluate, evaluate_monte_carlo (if it is asked for) and train."""
    functions = [_write_make_batch, _write_predict, _write_evaluate, _write_train]
    if carries_states(e):
        functions.insert(1, _write_reset_states)
    if e.monte_carlo:
        functions.insert(-1, _write_monte_carlo)
    lines = [line for write in functions for line in (*write(e), "", "")]
    return [*lines, 'if __name__ == "__main__":', *write_start(e)]


def _write_make_batch(e: Experiment) -> list[str]:
    weight = "target_mask * T" if e.loss == "sum" else "target_mask * (target_mask.size / max(1, target_mask.sum()))"
    says = (
        _("Keras divides the loss by B · T: these weights make it the sum over time and the mean over the batch.")
        if e.loss == "sum"
        else _("Keras divides the loss by B · T: these weights make it the mean over the steps that have a target.")
    )
    y = "y[..., None]" if is_regression(e) else "y"
    return [
        "def make_batch(x, y):",
        *format_docstring(_("Return x [B, T] or [B, T, E], y and the weight of every step [B, T], in NumPy."), says),
        "    x, y = x.transpose(0, 1).numpy(), y.T.numpy()",
        f"    target_mask = {'~np.isnan(y)' if is_regression(e) else 'y >= 0'}",
        "    y = np.where(target_mask, y, 0)",
        f"    return x, {y}, ({weight}).astype(np.float32)",
    ]


def _write_reset_states(e: Experiment) -> list[str]:
    return [
        "def reset_states(model):",
        *format_docstring(_("Begin a sequence: the state of every recurrent layer is zero.")),
        "    for layer in model.layers:",
        '        if getattr(layer, "stateful", False):',
        "            layer.reset_states()",
    ]


def _write_predict(e: Experiment) -> list[str]:
    return [
        "def predict(model, x, training=False):",
        *format_docstring(_("Return the logits [T, B, C], as a tensor of PyTorch; with dropout if `training` is True.")),
        "    logits = model(x.transpose(0, 1).numpy(), training=training)",
        "    return torch.from_numpy(np.array(keras.ops.convert_to_numpy(logits))).transpose(0, 1)",
    ]


def _write_state_reset(e: Experiment) -> list[str]:
    """Return the lines that reset the states; in Keras every window starts at zero unless a layer is stateful."""
    return ["        if starts_sequence:", "            reset_states(model)"] if carries_states(e) else []


def _write_evaluate(e: Experiment) -> list[str]:
    name, addition, _format = EXTRA_METRIC[is_regression(e)]
    return [
        "def evaluate(model, windows):",
        *format_docstring(
            _("Return the mean validation loss and the accuracy, without dropout.")
            if not is_regression(e)
            else _("Return the mean squared and the mean absolute validation error of the scaled values, without dropout.")
        ),
        f"    loss, {name}, count = 0.0, 0, 0",
        '    for x, y, starts_sequence in windows("validation"):',
        *_write_state_reset(e),
        f"        logits, target_mask = predict(model, x), {format_target_mask(e)}",
        f"        loss += {format_loss(e, 'logits', 'sum')}.item()",
        f"        {addition}",
        "        count += target_mask.sum().item()",
        f"    return loss / count, {name} / count",
    ]


def _write_monte_carlo(e: Experiment) -> list[str]:
    regression = is_regression(e)
    outputs = "logits" if regression else "logits.softmax(-1)"
    return [
        "def evaluate_monte_carlo(model, windows):",
        *format_docstring(
            _("Return the mean validation loss with dropout: the predictions of several passes are averaged.")
            if regression
            else _("Return the mean validation loss with dropout: the probabilities of several passes are averaged.")
        ),
        '    batches, means = list(windows("validation")), {}',
        f"    for _pass in range({e.monte_carlo}):",
        "        for n, (x, y, starts_sequence) in enumerate(batches):",
        *indent_lines(_write_state_reset(e)),
        f"            logits = predict(model, x, training=True)[{format_target_mask(e)}]",
        f"            means[n] = means.get(n, 0) + {outputs} / {e.monte_carlo}",
        f"    targets = torch.cat([y[{format_target_mask(e)}] for _x, y, _first in batches])",
        "    mean = torch.cat([means[n] for n in range(len(batches))])",
        "    return (mean[:, 0] - targets).square().mean().item()"
        if regression
        else "    return -mean.gather(1, targets[:, None]).log().mean().item()",
    ]


def _write_train(e: Experiment) -> list[str]:
    stop = [f"            if update == {e.updates}:", "                break"] if e.updates else []
    return [
        "def train():",
        *format_docstring(_("Read a batch → forward through time, with dropout → loss → backward → update.")),
        f"    keras.utils.set_random_seed({e.mask_seed})",
        f"    torch.manual_seed({e.weight_seed})",
        "    V, C, windows = load_data()",
        "    model = build_model(V, C)",
        "    draw_weights(model)",
        f"    optimizer = {_format_optimizer(e)}",
        f"    model.compile(optimizer, {_format_keras_loss(e)})",
        *write_train_start(e, "model, windows"),
        *_write_decay(e),
        "        losses_of_updates = []",
        '        for x, y, starts_sequence in windows("train"):',
        *indent_lines(_write_state_reset(e)),
        "            update += 1",
        f"            model.reset_metrics()  # {_('so that what is returned is the loss of this batch')}",
        "            losses_of_updates.append(float(model.train_on_batch(*make_batch(x, y))))",
        *stop,
        *write_epoch_end(e, "model, windows"),
        *write_monte_carlo_print(e, "model, windows"),
    ]


def _format_optimizer(e: Experiment) -> str:
    """Return the optimizer; Keras takes SGD's weight decay off the weights, which is the same as adding it to the gradient."""
    name = "Adam" if e.optimiser == "adam" else "SGD"
    more = [*(["epsilon=1e-8"] if e.optimiser == "adam" else []), f"global_clipnorm={e.clip!r}"]
    more += [f"weight_decay={e.weight_decay!r}"] if e.weight_decay else []
    return f"keras.optimizers.{name}({e.learning_rate!r}, {', '.join(more)})"


def _format_keras_loss(e: Experiment) -> str:
    if is_regression(e):
        return "keras.losses.MeanSquaredError()"
    return "keras.losses.SparseCategoricalCrossentropy(from_logits=True)"


def _write_decay(e: Experiment) -> list[str]:
    if e.decay == 1:
        return []
    return [
        f"        optimizer.learning_rate = {e.learning_rate!r} / {e.decay!r} ** max(0, epoch + 1 - {e.decay_after})",
    ]
