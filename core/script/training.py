"""The part of the script that trains: what an update makes small, the loop, and the evaluation without masks."""

from core.experiment import Experiment
from core.language import _
from core.script.lines import doc, drawing, indented, note
from core.script.masks import tested


def training(e: Experiment) -> list[str]:
    """objective, evaluate, monte_carlo where it is asked for, and train."""
    more = [*_monte_carlo(e), "", ""] if e.monte_carlo else []
    return [*_objective(e), "", "", *_evaluate(e), "", "", *more, *_train(e), "", "",
            'if __name__ == "__main__":', "    train()"]  # fmt: skip


def _objective(e: Experiment) -> list[str]:
    losses = dict(e.placement.losses)
    fraternal, also = "fraternal" in losses, ", h, told" if losses.keys() & {"ar", "tar"} else ""
    lines = [
        f"def objective(model, x, y, states, masks{', other_masks' if fraternal else ''}):",
        *doc(_("What an update makes small, and the states after; y is -1 where nothing is asked.")),
        f"    scores, after{also} = model(x, states, masks)",
        "    asked = y >= 0",
        "    loss = F.cross_entropy(scores[asked], y[asked])",
    ]
    if fraternal:
        rest = ", *_rest" if also else ""
        lines += [
            *note(_("Fraternal dropout: two sets of masks must say the same.")),
            f"    other, _after{rest} = model(x, states, other_masks)",
            "    loss = (loss + F.cross_entropy(other[asked], y[asked])) / 2",
        ]
    if "ar" in losses:
        lines += [*note(_("AR: the last layer's h, as dropped, shall be small.")),
                  f"    loss = loss + {losses['ar']!r} * told.square().mean()"]  # fmt: skip
    if "tar" in losses and e.steps > 1:
        lines += [*note(_("TAR: the last layer's h, as it is, shall change slowly.")),
                  f"    loss = loss + {losses['tar']!r} * (h[1:] - h[:-1]).square().mean()"]  # fmt: skip
    if fraternal:
        lines.append(f"    loss = loss + {losses['fraternal']!r} * (scores[asked] - other[asked]).square().mean()")
    return [*lines, "    return loss, after"]


def _evaluate(e: Experiment) -> list[str]:
    masks = "masks_at_test(update)" if tested(e) else "{}"
    return [
        "@torch.no_grad()",
        f"def evaluate(model, windows{', update' if tested(e) else ''}):",
        *doc(_("The mean loss and the accuracy on the validation part. Nothing is drawn at test.")),
        "    loss, right, count = 0.0, 0, 0",
        '    for x, y, first in windows("validation"):',
        "        if first:",
        "            states = model.start(B)",
        f"        scores, states, *_rest = model(x, states, {masks})",
        "        asked = y >= 0",
        '        loss += F.cross_entropy(scores[asked], y[asked], reduction="sum").item()',
        "        right += (scores[asked].argmax(-1) == y[asked]).sum().item()",
        "        count += asked.sum().item()",
        "    return loss / count, right / count",
    ]


def _monte_carlo(e: Experiment) -> list[str]:
    words = "V" in drawing(e)
    return [
        "@torch.no_grad()",
        f"def monte_carlo(model, windows, update{', V' if words else ''}):",
        *doc(_("The mean loss with masks on: the probabilities, not their logarithms, of many passes are averaged.")),
        "    loss, count = 0.0, 0",
        '    for x, y, first in windows("validation"):',
        "        if first:",
        f"            states = [model.start(B)] * {e.monte_carlo}",
        f"        passes = [model(x, one, {drawing(e)}) for one in states]",
        "        states, asked = [one[1] for one in passes], y >= 0",
        "        mean = torch.stack([one[0][asked].softmax(-1) for one in passes]).mean(0)",
        "        loss -= mean.gather(1, y[asked][:, None]).log().sum().item()",
        "        count += asked.sum().item()",
        "    return loss / count",
    ]


def _train(e: Experiment) -> list[str]:
    device = [f'    torch.set_default_device("{e.device}")'] if e.device in ("cuda", "mps") else []
    loop = f"    while update < {e.updates}:" if e.updates else f"    for epoch in range({e.epochs}):"
    stop = [f"        if update == {e.updates}:", "            break"] if e.updates else []
    second = f", {drawing(e)}" if "fraternal" in dict(e.placement.losses) else ""
    at_test = "model, windows, update" if tested(e) else "model, windows"
    drawn = "model, windows, update, V" if "V" in drawing(e) else "model, windows, update"
    return [
        "def train():",
        *doc(_("Draw masks → forward through time → loss → backward → update.")),
        *device,
        f"    torch.manual_seed({e.weight_seed})",
        "    V, C, windows = data()",
        "    model = Model(V, C)",
        f"    optimiser = torch.optim.Adam(model.parameters(), lr={e.learning_rate!r})",
        "    update = 0",
        loop,
        '        for x, y, first in windows("train"):',
        *indented([
            "        if first:",
            "            states = model.start(B)",
            "        update += 1",
            f"        loss, states = objective(model, x, y, states, {drawing(e)}{second})",
            "        optimiser.zero_grad()",
            "        loss.backward()",
            f"        nn.utils.clip_grad_norm_(model.parameters(), {e.clip!r})",
            "        optimiser.step()",
                *note(_("The state goes on; what is learned does not reach back through it."), " " * 8),
            "        states = [tuple(part.detach() for part in state) for state in states]",
            *stop,
        ]),
        f"        loss, accuracy = evaluate({at_test})",
        '        print(f"update {update}: validation loss {loss:.3f}, accuracy {accuracy:.3f}")',
        *([f'    print(f"Monte Carlo, {e.monte_carlo} passes: {{monte_carlo({drawn}):.3f}}")'] if e.monte_carlo else []),
    ]  # fmt: skip
