"""The part of the script that trains: the loss of an update, the evaluation and the training loop."""

from core.experiment.batches import batch_at
from core.experiment.experiment import Experiment
from core.export.lines import format_comment, format_docstring, format_draw_call, indent_lines
from core.export.masks import has_test_masks
from core.i18n import _
from core.tasks import get_task
from core.tasks.metrics import METRICS

# What is printed besides the loss, for classes (False) and real values (True): its variable, its sum, and its format.
EXTRA_METRIC = {
    False: (
        "correct",
        "correct += (logits[target_mask].argmax(-1) == y[target_mask]).sum().item()",
        "accuracy {accuracy:.3f}",
    ),
    True: ("error", "error += (logits[target_mask][:, 0] - y[target_mask]).abs().sum().item()", "absolute error {error:.3f}"),
}


def build_training(e: Experiment) -> list[str]:
    """Return the functions compute_loss, evaluate, evaluate_monte_carlo (if it is asked for) and train."""
    monte_carlo = [*_write_monte_carlo(e), "", ""] if e.monte_carlo else []
    return [
        *_write_compute_loss(e),
        "",
        "",
        *_write_evaluate(e),
        "",
        "",
        *monte_carlo,
        *_write_train(e),
        "",
        "",
        'if __name__ == "__main__":',
        *write_start(e),
    ]


def write_start(e: Experiment) -> list[str]:
    """Return the call of train(); a file that cannot be read is refused in one sentence."""
    if not get_task(e.task).reads_files:
        return ["    train()"]
    return ["    try:", "        train()", "    except Invalid as invalid:", "        sys.exit(str(invalid))"]


def is_regression(e: Experiment) -> bool:
    """Return whether the targets are real values, not classes."""
    return METRICS[get_task(e.task).metric].is_squared_error


def format_target_mask(e: Experiment) -> str:
    """Return the expression of the steps that have a target."""
    return "~y.isnan()" if is_regression(e) else "y >= 0"


def format_loss(e: Experiment, logits: str, reduction: str = "") -> str:
    """Return the expression of the loss over the steps that have a target."""
    option = f', reduction="{reduction}"' if reduction else ""
    if is_regression(e):
        return f"F.mse_loss({logits}[target_mask][:, 0], y[target_mask]{option})"
    return f"F.cross_entropy({logits}[target_mask], y[target_mask]{option})"


def _write_compute_loss(e: Experiment) -> list[str]:
    losses = dict(e.placement.losses)
    is_fraternal, hidden_states = "fraternal" in losses, ", h, h_masked" if losses.keys() & {"ar", "tar"} else ""
    lines = [
        f"def compute_loss(model, x, y, states, masks{', other_masks' if is_fraternal else ''}):",
        *format_docstring(
            _("Return the loss of an update and the new states; y is -1 where there is no target.")
            if not is_regression(e)
            else _("Return the loss of an update and the new states; y is NaN where there is no target.")
        ),
        f"    logits, new_states{hidden_states} = model(x, states, masks)",
        f"    target_mask = {format_target_mask(e)}",
        f"    loss = {format_loss(e, 'logits')}",
    ]
    is_padded = bool(hidden_states) and batch_at(e, 1).padded
    if is_padded:
        lines += [
            *format_comment(_("Steps after the last target of a sample are padding.")),
            "    step_mask = target_mask.flip(0).cumsum(0).flip(0) > 0",
        ]
    steps, later_steps = ("[step_mask]", "[step_mask[1:]]") if is_padded else ("", "")
    if is_fraternal:
        rest = ", *_rest" if hidden_states else ""
        lines += [
            *format_comment(_("Fraternal dropout: two passes with different masks must give similar logits.")),
            f"    other_logits, _new_states{rest} = model(x, states, other_masks)",
            f"    loss = (loss + {format_loss(e, 'other_logits')}) / 2",
        ]
    if e.loss == "sum":
        comment = _("Sum over time, mean over the batch.")
        lines += [*format_comment(comment), "    loss = loss * target_mask.sum() / B"]
    if "ar" in losses:
        lines += [
            *format_comment(_("AR: penalizes large activations of the last layer, after dropout.")),
            f"    loss = loss + {losses['ar']!r} * h_masked{steps}.square().mean()",
        ]
    if "tar" in losses and e.steps > 1:
        lines += [
            *format_comment(_("TAR: penalizes fast changes of the last layer's h, before dropout.")),
            f"    loss = loss + {losses['tar']!r} * (h[1:] - h[:-1]){later_steps}.square().mean()",
        ]
    if is_fraternal:
        difference = "(logits[target_mask] - other_logits[target_mask])"
        lines.append(f"    loss = loss + {losses['fraternal']!r} * {difference}.square().mean()")
    return [*lines, "    return loss, new_states"]


def _write_state_reset(e: Experiment, states: str = "model.zero_states(B)") -> list[str]:
    """Return the lines that reset the states, in the first window of a sequence or in every window."""
    if e.states == "carried":
        return ["        if starts_sequence:", f"            states = {states}"]
    return [f"        states = {states}"]


def _write_evaluate(e: Experiment) -> list[str]:
    masks = "test_time_masks(update)" if has_test_masks(e) else "{}"
    return [
        "@torch.no_grad()",
        f"def evaluate(model, windows{', update' if has_test_masks(e) else ''}):",
        *format_docstring(
            _("Return the mean validation loss and the accuracy, without dropout.")
            if not is_regression(e)
            else _("Return the mean squared and the mean absolute validation error of the scaled values, without dropout.")
        ),
        f"    loss, {EXTRA_METRIC[is_regression(e)][0]}, count = 0.0, 0, 0",
        '    for x, y, starts_sequence in windows("validation"):',
        *_write_state_reset(e),
        f"        logits, states, *_rest = model(x, states, {masks})",
        f"        target_mask = {format_target_mask(e)}",
        f"        loss += {format_loss(e, 'logits', 'sum')}.item()",
        f"        {EXTRA_METRIC[is_regression(e)][1]}",
        "        count += target_mask.sum().item()",
        f"    return loss / count, {EXTRA_METRIC[is_regression(e)][0]} / count",
    ]


def _write_monte_carlo(e: Experiment) -> list[str]:
    vocabulary = ", V" if "V" in format_draw_call(e) else ""
    draw = format_draw_call(e, "pass_index=n", "update + window")
    return [
        "@torch.no_grad()",
        f"def evaluate_monte_carlo(model, windows, update{vocabulary}):",
        *format_docstring(
            _("Return the mean validation loss with dropout: the probabilities of several passes are averaged.")
            if not is_regression(e)
            else _("Return the mean validation loss with dropout: the predictions of several passes are averaged.")
        ),
        "    loss, count = 0.0, 0",
        '    for window, (x, y, starts_sequence) in enumerate(windows("validation"), start=1):',
        *_write_state_reset(e, f"[model.zero_states(B)] * {e.monte_carlo}"),
        f"        passes = [model(x, state, {draw}) for n, state in enumerate(states)]",
        f"        states, target_mask = [one[1] for one in passes], {format_target_mask(e)}",
        *(
            [
                "        mean = torch.stack([one[0][target_mask] for one in passes]).mean(0)",
                "        loss += (mean[:, 0] - y[target_mask]).square().sum().item()",
            ]
            if is_regression(e)
            else [
                "        mean = torch.stack([one[0][target_mask].softmax(-1) for one in passes]).mean(0)",
                "        loss -= mean.gather(1, y[target_mask][:, None]).log().sum().item()",
            ]
        ),
        "        count += target_mask.sum().item()",
        "    return loss / count",
    ]


def _write_train(e: Experiment) -> list[str]:
    device = [f'    torch.set_default_device("{e.device}")'] if e.device in ("cuda", "mps") else []
    stop = [f"        if update == {e.updates}:", "            break"] if e.updates else []
    other_masks = f", {format_draw_call(e, 'pass_index=1')}" if "fraternal" in dict(e.placement.losses) else ""
    model = "averaged_model.module if averaged_model else model" if _averages_weights(e) else "model"
    evaluated = f"{model}, windows, update" if has_test_masks(e) else f"{model}, windows"
    evaluated_first = "model, windows, update" if has_test_masks(e) else "model, windows"
    sampled = f"{model}, windows, update" + (", V" if "V" in format_draw_call(e) else "")
    return [
        "def train():",
        *format_docstring(_("Draw masks → forward through time → loss → backward → update.")),
        *device,
        f"    torch.manual_seed({e.weight_seed})",
        "    V, C, windows = load_data()",
        "    model = Model(V, C)",
        f"    optimizer = torch.optim.{_format_optimizer(e)}",
        *(["    averaged_model, losses = None, []"] if _averages_weights(e) else []),
        *write_train_start(e, evaluated_first),
        *_write_decay(e),
        "        losses_of_updates = []",
        '        for x, y, starts_sequence in windows("train"):',
        *indent_lines(
            [
                *_write_state_reset(e),
                "        update += 1",
                f"        loss, states = compute_loss(model, x, y, states, {format_draw_call(e)}{other_masks})",
                "        optimizer.zero_grad()",
                "        loss.backward()",
                f"        nn.utils.clip_grad_norm_(model.parameters(), {e.clip!r})",
                "        optimizer.step()",
                "        losses_of_updates.append(loss.item())",
                *(
                    ["        if averaged_model:", "            averaged_model.update_parameters(model)"]
                    if _averages_weights(e)
                    else []
                ),
                *format_comment(_("Truncated backpropagation: carry the states, but not their gradients."), " " * 8),
                "        states = [tuple(tensor.detach() for tensor in state) for state in states]",
                *stop,
            ]
        ),
        *write_epoch_end(e, evaluated),
        *(_write_averaging_start() if _averages_weights(e) else []),
        *write_monte_carlo_print(e, sampled),
    ]


def write_train_start(e: Experiment, evaluated: str) -> list[str]:
    """Return the lines before the first update: its counters and the evaluation of the untrained network.

    evaluated: the arguments of `evaluate`.
    """
    metric, printed = "error" if is_regression(e) else "accuracy", EXTRA_METRIC[is_regression(e)][2]
    return [
        f"    update{', epoch = 0, 0' if e.updates and e.decay > 1 else ' = 0'}",
        f"    loss, {metric} = evaluate({evaluated})",
        f'    print(f"update 0: validation loss {{loss:.5f}}, {printed}")',
        f"    while update < {e.updates}:" if e.updates else f"    for epoch in range({e.epochs}):",
    ]


def write_epoch_end(e: Experiment, evaluated: str) -> list[str]:
    """Return the lines after an epoch's updates: evaluation and print. evaluated: the arguments of `evaluate`."""
    metric, printed = "error" if is_regression(e) else "accuracy", EXTRA_METRIC[is_regression(e)][2]
    return [
        "        mean = sum(losses_of_updates) / len(losses_of_updates)",
        *(["        epoch += 1"] if e.updates and e.decay > 1 else []),
        f"        loss, {metric} = evaluate({evaluated})",
        f'        print(f"update {{update}}: training loss {{mean:.5f}}, validation loss {{loss:.5f}}, {printed}")',
    ]


def write_monte_carlo_print(e: Experiment, sampled: str) -> list[str]:
    """Return the line that prints the Monte Carlo evaluation, if it is asked for. sampled: its arguments."""
    call = f"evaluate_monte_carlo({sampled})"
    return [f'    print(f"Monte Carlo, {e.monte_carlo} passes: {{{call}:.3f}}")'] if e.monte_carlo else []


def _format_optimizer(e: Experiment) -> str:
    decay = f", weight_decay={e.weight_decay!r}" if e.weight_decay else ""
    return f"{'Adam' if e.optimiser == 'adam' else 'SGD'}(model.parameters(), lr={e.learning_rate!r}{decay})"


def _write_decay(e: Experiment) -> list[str]:
    if e.decay == 1:
        return []
    return [
        "        for group in optimizer.param_groups:",
        f'            group["lr"] = {e.learning_rate!r} / {e.decay!r} ** max(0, epoch + 1 - {e.decay_after})',
    ]


def _averages_weights(e: Experiment) -> bool:
    return e.optimiser == "nt-asgd"


def _write_averaging_start() -> list[str]:
    return [
        *format_comment(_("NT-ASGD: if the loss is no better than five epochs ago, start averaging the weights."), " " * 8),
        "        if not averaged_model and loss > min(losses[:-5], default=loss):",
        "            averaged_model = torch.optim.swa_utils.AveragedModel(model)",
        "            averaged_model.update_parameters(model)",
        "        losses.append(loss)",
    ]
