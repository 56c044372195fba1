"""The part of the script that trains: what an update makes small, the loop, and the evaluation without masks."""

from core.experiment.batches import batch_at
from core.experiment.experiment import Experiment
from core.export.lines import doc, drawing, indented, note
from core.export.masks import tested
from core.i18n import _
from core.tasks import task
from core.tasks.metrics import METRICS


def training(e: Experiment) -> list[str]:
    """objective, evaluate, monte_carlo where it is asked for, and train."""
    more = [*_monte_carlo(e), "", ""] if e.monte_carlo else []
    return [
        *_objective(e),
        "",
        "",
        *_evaluate(e),
        "",
        "",
        *more,
        *_train(e),
        "",
        "",
        'if __name__ == "__main__":',
        "    train()",
    ]


# What is told beside the loss: its name, how it is summed up, how it is printed; of classes and of real values.
_TOLD = {
    False: ("right", "right += (scores[asked].argmax(-1) == y[asked]).sum().item()", "accuracy {right:.3f}"),
    True: ("error", "error += (scores[asked][:, 0] - y[asked]).abs().sum().item()", "absolute error {error:.3f}"),
}


def _real(e: Experiment) -> bool:
    return METRICS[task(e.task).metric].squared


def _asked(e: Experiment) -> str:
    return "~y.isnan()" if _real(e) else "y >= 0"


def _loss(e: Experiment, scores: str, reduction: str = "") -> str:
    how = f', reduction="{reduction}"' if reduction else ""
    if _real(e):
        return f"F.mse_loss({scores}[asked][:, 0], y[asked]{how})"
    return f"F.cross_entropy({scores}[asked], y[asked]{how})"


def _objective(e: Experiment) -> list[str]:
    losses = dict(e.placement.losses)
    fraternal, also = "fraternal" in losses, ", h, told" if losses.keys() & {"ar", "tar"} else ""
    lines = [
        f"def objective(model, x, y, states, masks{', other_masks' if fraternal else ''}):",
        *doc(
            _("What an update makes small, and the states after; y is -1 where nothing is asked.")
            if not _real(e)
            else _("What an update makes small, and the states after; y is not a number where nothing is asked.")
        ),
        f"    scores, after{also} = model(x, states, masks)",
        f"    asked = {_asked(e)}",
        f"    loss = {_loss(e, 'scores')}",
    ]
    padded = bool(also) and batch_at(e, 1).padded
    if padded:
        lines += [
            *note(_("Steps after the last that is asked do not exist.")),
            "    there = asked.flip(0).cumsum(0).flip(0) > 0",
        ]
    at, later = ("[there]", "[there[1:]]") if padded else ("", "")
    if fraternal:
        rest = ", *_rest" if also else ""
        lines += [
            *note(_("Fraternal dropout: two sets of masks must say the same.")),
            f"    other, _after{rest} = model(x, states, other_masks)",
            f"    loss = (loss + {_loss(e, 'other')}) / 2",
        ]
    if e.loss == "sum":
        lines += [*note(_("Summed up over time, as a mean over the batch.")), "    loss = loss * asked.sum() / B"]
    if "ar" in losses:
        lines += [
            *note(_("AR: the last layer's h, as dropped, shall be small.")),
            f"    loss = loss + {losses['ar']!r} * told{at}.square().mean()",
        ]
    if "tar" in losses and e.steps > 1:
        lines += [
            *note(_("TAR: the last layer's h, as it is, shall change slowly.")),
            f"    loss = loss + {losses['tar']!r} * (h[1:] - h[:-1]){later}.square().mean()",
        ]
    if fraternal:
        lines.append(f"    loss = loss + {losses['fraternal']!r} * (scores[asked] - other[asked]).square().mean()")
    return [*lines, "    return loss, after"]


def _started(e: Experiment, states: str = "model.start(B)") -> list[str]:
    """Where a state begins with zeros: in the first window, or in every one."""
    return ["        if first:", f"            states = {states}"] if e.states == "carried" else [f"        states = {states}"]


def _evaluate(e: Experiment) -> list[str]:
    masks = "masks_at_test(update)" if tested(e) else "{}"
    return [
        "@torch.no_grad()",
        f"def evaluate(model, windows{', update' if tested(e) else ''}):",
        *doc(
            _("The mean loss and the accuracy on the validation part. Nothing is drawn at test.")
            if not _real(e)
            else _("The mean squared and the mean absolute error on the validation part, scaled. Nothing is drawn at test.")
        ),
        f"    loss, {_TOLD[_real(e)][0]}, count = 0.0, 0, 0",
        '    for x, y, first in windows("validation"):',
        *_started(e),
        f"        scores, states, *_rest = model(x, states, {masks})",
        f"        asked = {_asked(e)}",
        f"        loss += {_loss(e, 'scores', 'sum')}.item()",
        f"        {_TOLD[_real(e)][1]}",
        "        count += asked.sum().item()",
        f"    return loss / count, {_TOLD[_real(e)][0]} / count",
    ]


def _monte_carlo(e: Experiment) -> list[str]:
    words = "V" in drawing(e)
    return [
        "@torch.no_grad()",
        f"def monte_carlo(model, windows, update{', V' if words else ''}):",
        *doc(
            _("The mean loss with masks on: the probabilities, not their logarithms, of many passes are averaged.")
            if not _real(e)
            else _("The mean loss with masks on: the values of many passes are averaged.")
        ),
        "    loss, count = 0.0, 0",
        '    for x, y, first in windows("validation"):',
        *_started(e, f"[model.start(B)] * {e.monte_carlo}"),
        f"        passes = [model(x, one, {drawing(e)}) for one in states]",
        f"        states, asked = [one[1] for one in passes], {_asked(e)}",
        *(
            [
                "        mean = torch.stack([one[0][asked] for one in passes]).mean(0)",
                "        loss += (mean[:, 0] - y[asked]).square().sum().item()",
            ]
            if _real(e)
            else [
                "        mean = torch.stack([one[0][asked].softmax(-1) for one in passes]).mean(0)",
                "        loss -= mean.gather(1, y[asked][:, None]).log().sum().item()",
            ]
        ),
        "        count += asked.sum().item()",
        "    return loss / count",
    ]


def _train(e: Experiment) -> list[str]:
    device = [f'    torch.set_default_device("{e.device}")'] if e.device in ("cuda", "mps") else []
    stop = [f"        if update == {e.updates}:", "            break"] if e.updates else []
    second = f", {drawing(e)}" if "fraternal" in dict(e.placement.losses) else ""
    at_test = f"{_to_evaluate(e)}, windows, update" if tested(e) else f"{_to_evaluate(e)}, windows"
    drawn = f"{_to_evaluate(e)}, windows, update" + (", V" if "V" in drawing(e) else "")
    return [
        "def train():",
        *doc(_("Draw masks → forward through time → loss → backward → update.")),
        *device,
        f"    torch.manual_seed({e.weight_seed})",
        "    V, C, windows = data()",
        "    model = Model(V, C)",
        f"    optimiser = torch.optim.{_optimiser(e)}",
        *(["    mean, heard = None, []"] if _averages(e) else []),
        f"    update{', epoch = 0, 0' if e.updates and e.decay > 1 else ' = 0'}",
        f"    while update < {e.updates}:" if e.updates else f"    for epoch in range({e.epochs}):",
        *_decay(e),
        '        for x, y, first in windows("train"):',
        *indented(
            [
                *_started(e),
                "        update += 1",
                f"        loss, states = objective(model, x, y, states, {drawing(e)}{second})",
                "        optimiser.zero_grad()",
                "        loss.backward()",
                f"        nn.utils.clip_grad_norm_(model.parameters(), {e.clip!r})",
                "        optimiser.step()",
                *(["        if mean:", "            mean.update_parameters(model)"] if _averages(e) else []),
                *note(_("The state goes on; what is learned does not reach back through it."), " " * 8),
                "        states = [tuple(part.detach() for part in state) for state in states]",
                *stop,
            ]
        ),
        *(["        epoch += 1"] if e.updates and e.decay > 1 else []),
        f"        loss, {_TOLD[_real(e)][0]} = evaluate({at_test})",
        f'        print(f"update {{update}}: validation loss {{loss:.3f}}, {_TOLD[_real(e)][2]}")',
        *(_begins_to_average() if _averages(e) else []),
        *([f'    print(f"Monte Carlo, {e.monte_carlo} passes: {{monte_carlo({drawn}):.3f}}")'] if e.monte_carlo else []),
    ]


def _optimiser(e: Experiment) -> str:
    decay = f", weight_decay={e.weight_decay!r}" if e.weight_decay else ""
    return f"{'Adam' if e.optimiser == 'adam' else 'SGD'}(model.parameters(), lr={e.learning_rate!r}{decay})"


def _decay(e: Experiment) -> list[str]:
    if e.decay == 1:
        return []
    return [
        "        for group in optimiser.param_groups:",
        f'            group["lr"] = {e.learning_rate!r} / {e.decay!r} ** max(0, epoch + 1 - {e.decay_after})',
    ]


def _averages(e: Experiment) -> bool:
    return e.optimiser == "nt-asgd"


def _to_evaluate(e: Experiment) -> str:
    return "mean.module if mean else model" if _averages(e) else "model"


def _begins_to_average() -> list[str]:
    return [
        *note(_("NT-ASGD: no longer better than five epochs ago; from now on the mean of the weights is evaluated."), " " * 8),
        "        if not mean and loss > min(heard[:-5], default=loss):",
        "            mean = torch.optim.swa_utils.AveragedModel(model)",
        "            mean.update_parameters(model)",
        "        heard.append(loss)",
    ]
