"""One update in slow motion: what is told of it, moment by moment, each with a sentence of this update's numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log

from core.analysis.update_trace import Asked, UpdateTrace
from core.dropout.masks import gates_of
from core.dropout.sites import SITES
from core.experiment.experiment import Experiment
from core.figures.mask_grid import Band, Lane, window_of
from core.figures.update_captions import acting, cutting
from core.i18n import _, ngettext
from core.tasks.next_symbol import UNKNOWN

WIDTH, LEFT, RIGHT = 720.0, 92.0, 8.0  # of the figure, and what is left and right of the steps


@dataclass(frozen=True)
class Frame:
    """A moment: the phase, the step it is at (None: none), what is uncovered so far (left end and width), what it says."""

    phase: str
    step: int | None
    at: float | None
    seen: tuple[float, float]
    says: str


@dataclass(frozen=True)
class Slow:
    """One update and what it was made of. bands: the masks as core/figures/mask_grid.py has them. tokens: what the sample
    reads,
    [T]; classes: the names of what it may answer; told: by step, what is right and what is guessed, where these are no names of
    classes. step: the middle of the steps that are shown, where not all can be."""

    snapshot: UpdateTrace
    experiment: Experiment
    bands: Sequence[Band]
    tokens: Sequence[str]
    classes: Sequence[str]
    step: int
    told: Mapping[int, tuple[str, str]] = field(default_factory=dict)

    @property
    def shown(self) -> range:
        """The steps that are shown."""
        return window_of(self.step, self.experiment.steps)

    @property
    def pitch(self) -> float:
        """Width of a step."""
        return min(64.0, (WIDTH - LEFT - RIGHT) / len(self.shown))

    def x(self, t: int) -> float:
        """Left end of a step."""
        return LEFT + (t - self.shown.start) * self.pitch


def frames(one: Slow) -> tuple[Frame, ...]:
    """All moments in their order: masks, each step forward, the loss, each step backward, the update."""
    shown, whole = one.shown, one.pitch * len(one.shown)
    forward = (Frame("forward", t, one.x(t), (LEFT, one.x(t) + one.pitch - LEFT), _says_forward(one, t)) for t in shown)
    backward = (
        Frame("backward", t, one.x(t), (one.x(t), LEFT + whole - one.x(t)), _says_backward(one, t)) for t in reversed(shown)
    )
    return (
        Frame("masks", None, None, (LEFT, 0), _says_masks(one)),
        *forward,
        Frame("loss", None, None, (LEFT, whole), _says_loss(one)),
        *backward,
        Frame("update", None, None, (LEFT, whole), _says_update(one)),
    )


def surprise(asked: Asked) -> float:
    """-ln p of the right answer; the squared error, where a value is asked for."""
    if asked.probability is None:
        return (asked.guess - asked.right) ** 2
    return -log(max(asked.probability, 1e-30))


def _says_masks(one: Slow) -> str:
    lanes = [lane for band in one.bands for lane in band.lanes]
    begins = _("Update {update} begins.").format(update=one.snapshot.update)
    if not lanes:
        return f"{begins} " + _("This method draws no masks.")
    drawn = _drawn(one, lanes)
    if any(lane.gaussian for lane in lanes):
        says = _("{drawn}, before anything is computed: a stripe is as long as its factor, half a step for 1.")
    elif all(SITES[lane.site].kind == "old" for lane in lanes):
        says = _("{drawn}, before anything is computed: filled takes the new value, empty keeps the old.")
    else:
        says = _("{drawn}, before anything is computed: filled is kept, empty is dropped.")
    return f"{begins} {says.format(drawn=drawn)} " + _("Of each layer the first units are shown.")


def _drawn(one: Slow, lanes: Sequence[Lane]) -> str:
    """How many masks are drawn for the sample, at how many places, and how long they last."""
    steps, cell = one.experiment.steps, one.experiment.cell
    every = [dropout for lane in lanes if (dropout := one.experiment.placement.get(lane.site))]
    n = sum((steps if dropout.fresh("time") else 1) * len(gates_of(dropout, cell)) for dropout in every)
    masks = ngettext("{n} mask is drawn", "{n} masks are drawn", n).format(n=n)
    places = ngettext("{masks} at {n} place", "{masks} at {n} places", len(lanes)).format(masks=masks, n=len(lanes))
    fresh = {dropout.fresh("time") for dropout in every}
    if len(fresh) > 1:
        return _("{drawn}, some for each of the {steps} steps, some for all of them").format(drawn=places, steps=steps)
    return (_("{drawn}, anew for each of the {steps} steps") if True in fresh else _("{drawn}, for all {steps} steps")).format(
        drawn=places, steps=steps
    )


def _says_forward(one: Slow, t: int) -> str:
    sizes = (
        _("layer {l}: {sizes}").format(
            l=n, sizes=", ".join(f"‖{letter}‖ = {short(lane.size[t])}" for letter, lane in layer.carried.items())
        )
        for n, layer in enumerate(one.snapshot.layers, 1)
    )
    return "\n".join([" ".join(_read(one, t)), *sizes, *acting(one.bands, t)])


def _read(one: Slow, t: int) -> list[str]:
    """What is read at step t, and whether something is asked."""
    word = one.tokens[t]
    unknown = _("t = {t}: a word is read that the vocabulary does not have, “{word}”.")
    said = [(unknown if word == UNKNOWN else _("t = {t}: “{word}” is read.")).format(t=t, word=word)]
    if t not in {asked.t for asked in one.snapshot.targets}:
        said.append(_("Nothing is asked here."))
    return said


def _says_loss(one: Slow) -> str:
    seen = one.snapshot
    if seen.loss is None:
        return _("Nothing is asked in this window: there is no loss, and nothing is learned.")
    said = [_asked(one)] if seen.targets else [_("This sample is asked nothing here.")]
    if seen.targets and (blank := set(one.shown) - {asked.t for asked in seen.targets}):
        said.append(_blank(one, blank))
    said.append(
        _("Mean over the {n} answers of the batch, {own} of them of this sample: loss {loss}.").format(
            n=seen.answers, own=len(seen.targets), loss=f"{seen.loss:.4f}"
        )
    )
    if one.experiment.placement.losses:
        said.append(_("With the terms that the method adds: {total}.").format(total=f"{seen.objective:.4f}"))
    return "\n".join(said)


def _blank(one: Slow, steps: set[int]) -> str:
    """Why some steps have no loss: nothing is asked there, as where the next of what is read is not in the vocabulary."""
    following = [one.tokens[t + 1] for t in steps if t + 1 < len(one.tokens)]
    if following and set(following) == {UNKNOWN}:
        return _("No bar where the next word is not in the vocabulary: it is not asked for.")
    return _("No bar where nothing is asked.")


def _asked(one: Slow) -> str:
    last = next((a for a in reversed(one.snapshot.targets) if a.t in one.shown), one.snapshot.targets[-1])
    loss = f"{surprise(last):.2f}"
    if last.probability is None:
        right, guess = one.told[last.t]
        return _("t = {t}: the right answer is {right}, the guess was {guess}; squared error, scaled: {loss}.").format(
            t=last.t, right=right, guess=guess, loss=loss
        )
    return _("t = {t}: the right answer “{right}” got p = {p}, −ln p = {loss}; the guess was “{guess}”.").format(
        t=last.t, right=one.classes[int(last.right)], p=short(last.probability), loss=loss, guess=one.classes[int(last.guess)]
    )


def _says_backward(one: Slow, t: int) -> str:
    slopes = (
        _("layer {l}: {sizes}").format(
            l=n, sizes=", ".join(f"‖δ{letter}‖ = {short(lane.slope[t])}" for letter, lane in layer.carried.items())
        )
        for n, layer in enumerate(one.snapshot.layers, 1)
    )
    begins = _("t = {t}: how the loss answers to the state here.").format(t=t)
    return "\n".join(filter(None, [begins, *slopes, cutting(one.bands), *acting(one.bands, t)]))


def _says_update(one: Slow) -> str:
    seen, clip = one.snapshot, one.experiment.clip
    within = _("‖gradient‖ = {norm}, within the clip of {clip}: taken as it is.")
    beyond = _("‖gradient‖ = {norm}, beyond the clip of {clip}: × {factor}.")
    said = (beyond if seen.norm > clip else within).format(norm=short(seen.norm), clip=f"{clip:g}", factor=short(seen.factor))
    if seen.loss is None or seen.after is None:
        return said
    return (
        said
        + "\n"
        + _("Same batch, same masks: loss {before} → {after}.").format(before=f"{seen.loss:.4f}", after=f"{seen.after:.4f}")
    )


def short(value: float) -> str:
    """Three digits."""
    return f"{value:.3g}"
