"""The frames of one update in slow motion, each with a caption that holds the numbers of this update."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log

from core.analysis.update_trace import TargetOutcome, UpdateTrace
from core.dropout.masks import list_mask_gates
from core.dropout.sites import SITES
from core.experiment.experiment import Experiment
from core.figures.mask_grid import Band, MaskLane, select_visible_steps
from core.figures.update_captions import describe_gradient_masks, list_mask_effects
from core.i18n import _, ngettext
from core.tasks.vocabulary import UNKNOWN

WIDTH, LEFT, RIGHT = 720.0, 92.0, 8.0  # of the figure, and the space left and right of the steps


@dataclass(frozen=True)
class SlowMotionFrame:
    """One frame.

    phase: one of `update_phases.PHASES`. step: the time step; None for phases without steps. x: left end of the step.
    revealed: left end and width of the part that is computed so far. caption: lines of text.
    """

    phase: str
    step: int | None
    x: float | None
    revealed: tuple[float, float]
    caption: str


@dataclass(frozen=True)
class SlowMotion:
    """One update and everything needed to draw it.

    trace: the recorded update. bands: its masks as core/figures/mask_grid.py builds them. tokens: the inputs of the sample as
    texts, [T]. classes: names of the classes. step: the middle of the visible steps if not all fit. value_texts: target and
    prediction by step, for tasks with real values instead of classes.
    """

    trace: UpdateTrace
    experiment: Experiment
    bands: Sequence[Band]
    tokens: Sequence[str]
    classes: Sequence[str]
    step: int
    value_texts: Mapping[int, tuple[str, str]] = field(default_factory=dict)

    @property
    def visible_steps(self) -> range:
        """Return the steps that are shown."""
        return select_visible_steps(self.step, self.experiment.steps)

    @property
    def pitch(self) -> float:
        """Return the width of a step."""
        return min(64.0, (WIDTH - LEFT - RIGHT) / len(self.visible_steps))

    def x(self, t: int) -> float:
        """Return the left end of step t."""
        return LEFT + (t - self.visible_steps.start) * self.pitch


def build_frames(motion: SlowMotion) -> tuple[SlowMotionFrame, ...]:
    """Return the frames in order: masks, each step forward, the loss, each step backward, the update."""
    steps, width = motion.visible_steps, motion.pitch * len(motion.visible_steps)
    frames = [SlowMotionFrame("masks", None, None, (LEFT, 0), _caption_masks(motion))]
    for t in steps:
        x = motion.x(t)
        frames.append(SlowMotionFrame("forward", t, x, (LEFT, x + motion.pitch - LEFT), _caption_forward(motion, t)))
    frames.append(SlowMotionFrame("loss", None, None, (LEFT, width), _caption_loss(motion)))
    for t in reversed(steps):
        x = motion.x(t)
        frames.append(SlowMotionFrame("backward", t, x, (x, LEFT + width - x), _caption_backward(motion, t)))
    return (*frames, SlowMotionFrame("update", None, None, (LEFT, width), _caption_update(motion)))


def compute_target_loss(outcome: TargetOutcome) -> float:
    """Return the loss of one target: -ln p of the target class, or the squared error of a real value."""
    if outcome.probability is None:
        return (outcome.prediction - outcome.target) ** 2
    return -log(max(outcome.probability, 1e-30))


def _caption_masks(motion: SlowMotion) -> str:
    lanes = [lane for band in motion.bands for lane in band.lanes]
    begin = _("Update {update} begins.").format(update=motion.trace.update)
    if not lanes:
        return f"{begin} " + _("This method draws no masks.")
    if any(lane.gaussian for lane in lanes):
        legend = _("The length of a stripe is its factor; half a step is the factor 1.")
    elif all(SITES[lane.site].kind == "zoneout" for lane in lanes):
        legend = _("Filled takes the new value, empty keeps the old.")
    else:
        legend = _("Filled is kept, empty is dropped.")
    return f"{begin} {_describe_draws(motion, lanes)} {legend} " + _("The first units of each layer are shown.")


def _describe_draws(motion: SlowMotion, lanes: Sequence[MaskLane]) -> str:
    """Return how many masks are drawn for the sample, at how many sites, and how they are shared over time."""
    steps, cell = motion.experiment.steps, motion.experiment.cell
    dropouts = [dropout for lane in lanes if (dropout := motion.experiment.placement.get(lane.site))]
    n = sum((steps if dropout.is_fresh("time") else 1) * len(list_mask_gates(dropout, cell)) for dropout in dropouts)
    masks = ngettext("{n} mask is drawn", "{n} masks are drawn", n).format(n=n)
    places = ngettext("{masks} at {n} place", "{masks} at {n} places", len(lanes)).format(masks=masks, n=len(lanes))
    fresh = {dropout.is_fresh("time") for dropout in dropouts}
    if len(fresh) > 1:
        text = _("{masks}, some for each of the {steps} steps, some for all steps.")
    else:
        text = _("{masks}, new for each of the {steps} steps.") if True in fresh else _("{masks}, for all {steps} steps.")
    return text.format(masks=places, steps=steps)


def _caption_forward(motion: SlowMotion, t: int) -> str:
    if motion.tokens[t] == UNKNOWN:
        text = _("t = {t}: the input is a word outside the vocabulary, “{word}”.")
    else:
        text = _("t = {t}: the input is “{word}”.")
    read = [text.format(t=t, word=motion.tokens[t])]
    if t not in {outcome.t for outcome in motion.trace.targets}:
        read.append(_("No target here."))
    return "\n".join([" ".join(read), *_list_norms(motion, "", "size", t), *list_mask_effects(motion.bands, t)])


def _list_norms(motion: SlowMotion, prefix: str, kind: str, t: int) -> list[str]:
    """Return a line with the norms of the states (kind "size") or of their gradients (kind "slope") for each layer."""
    return [
        _("layer {l}: {sizes}").format(
            l=n,
            sizes=", ".join(f"‖{prefix}{letter}‖ = {getattr(lane, kind)[t]:.3g}" for letter, lane in layer.carried.items()),
        )
        for n, layer in enumerate(motion.trace.layers, 1)
    ]


def _caption_loss(motion: SlowMotion) -> str:
    trace = motion.trace
    if trace.loss is None:
        return _("This window has no targets: there is no loss, and nothing is learned.")
    lines = [_describe_last_target(motion)] if trace.targets else [_("This sample has no target in this window.")]
    if trace.targets and (steps := set(motion.visible_steps) - {outcome.t for outcome in trace.targets}):
        lines.append(_explain_missing_loss(motion, steps))
    lines.append(
        _("Mean over the {n} targets of the batch, {own} of them of this sample: loss {loss}.").format(
            n=trace.answers, own=len(trace.targets), loss=f"{trace.loss:.4f}"
        )
    )
    if motion.experiment.placement.losses:
        lines.append(_("With the penalties of the method: {total}.").format(total=f"{trace.objective:.4f}"))
    return "\n".join(lines)


def _explain_missing_loss(motion: SlowMotion, steps: set[int]) -> str:
    """Return why some steps have no loss: they have no target, or the next word is outside the vocabulary."""
    following = [motion.tokens[t + 1] for t in steps if t + 1 < len(motion.tokens)]
    if following and set(following) == {UNKNOWN}:
        return _("No bar where the next word is outside the vocabulary: it is no target.")
    return _("No bar at steps without a target.")


def _describe_last_target(motion: SlowMotion) -> str:
    targets = motion.trace.targets
    last = next((outcome for outcome in reversed(targets) if outcome.t in motion.visible_steps), targets[-1])
    loss = f"{compute_target_loss(last):.2f}"
    if last.probability is None:
        target, prediction = motion.value_texts[last.t]
        return _("t = {t}: target {target}, prediction {prediction}; squared error, scaled: {loss}.").format(
            t=last.t, target=target, prediction=prediction, loss=loss
        )
    return _("t = {t}: target “{target}” with p = {p}, −ln p = {loss}; prediction “{prediction}”.").format(
        t=last.t,
        target=motion.classes[int(last.target)],
        p=f"{last.probability:.3g}",
        loss=loss,
        prediction=motion.classes[int(last.prediction)],
    )


def _caption_backward(motion: SlowMotion, t: int) -> str:
    begin = _("t = {t}: gradient of the loss with respect to the states.").format(t=t)
    lines = [begin, *_list_norms(motion, "δ", "slope", t), describe_gradient_masks(motion.bands)]
    return "\n".join(filter(None, [*lines, *list_mask_effects(motion.bands, t)]))


def _caption_update(motion: SlowMotion) -> str:
    trace, clip = motion.trace, motion.experiment.clip
    if trace.norm > clip:
        text = _("‖gradient‖ = {norm}, above the clip norm {clip}: × {factor}.")
    else:
        text = _("‖gradient‖ = {norm}, within the clip norm {clip}: not scaled.")
    line = text.format(norm=f"{trace.norm:.3g}", clip=f"{clip:g}", factor=f"{trace.factor:.3g}")
    if trace.loss is None or trace.after is None:
        return line
    after = _("Same batch, same masks: loss {before} → {after}.")
    return f"{line}\n" + after.format(before=f"{trace.loss:.4f}", after=f"{trace.after:.4f}")
