"""Everything that determines a run, and the one validator that all input meets."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.dropout.masks import GATES, Shape, check_memory
from core.dropout.methods import name_of
from core.dropout.penalties import check_losses
from core.dropout.placement import Placement, check, check_cell, check_layers
from core.errors import Invalid
from core.i18n import _
from core.tasks import task as task_named
from core.tasks.task import Value

DEVICES = ("auto", "cpu", "cuda", "mps")
ENGINES = ("auto", "fused", "bptt", "reference")
CELLS = tuple(GATES)
# The fields that are one of some words.
WORDS: dict[str, tuple[str, ...]] = {
    "cell": CELLS,
    "device": DEVICES,
    "engine": ENGINES,
    "optimiser": ("adam", "sgd", "nt-asgd"),
    "loss": ("mean", "sum"),
    "decoder": ("own", "tied"),
    "windows": ("equal", "varied"),
    "states": ("carried", "fresh"),
}

# The whole numbers of an experiment: the least and the greatest that are allowed.
BOUNDS: dict[str, tuple[int, int]] = {
    "layers": (1, 4),
    "embedding": (1, 1500),
    "batch": (1, 256),
    "steps": (1, 256),
    "epochs": (1, 500),
    "updates": (1, 1_000_000),
    "decay_after": (1, 500),
    "monte_carlo": (0, 1000),
    "data_seed": (0, 2**32 - 1),
    "weight_seed": (0, 2**32 - 1),
    "mask_seed": (0, 2**32 - 1),
}
HIDDEN = (1, 1500)
THREADS = (1, 1024)  # of torch
# Numbers: above the first, and at most the second.
LIMITS: dict[str, tuple[float, float]] = {
    "learning_rate": (0, 100),
    "clip": (0, 1000),
    "forget_bias": (-10, 10),
    "init_range": (0, 10),
}
# Numbers: from the first to the second.
RANGES: dict[str, tuple[float, float]] = {"decay": (1, 1000), "weight_decay": (0, 1)}
OPTIONAL = ("embedding", "updates", "forget_bias", "init_range")  # may be None
SHORTEST_VARIED = 20  # steps: windows whose length varies by five or so are at least that long
# T · B · (E + H of all layers): above this an update no longer fits a small machine's memory.
ACTIVATIONS = 5_000_000


@dataclass(frozen=True)
class Experiment:
    """A run before it runs. Checked when made; raises Invalid with a sentence that says what is allowed.

    task, options: what is learned. cell, layers L (1 to 4), hidden H (units; one number, or one per layer),
    embedding E (units; None: as wide as the first layer; a task with real inputs has none), batch B (samples), steps T
    (time steps of a window).
    epochs, updates: how long; updates, if given, is what counts. optimiser: adam; sgd; nt-asgd, which is sgd until the
    validation loss no longer falls and from then on evaluates the mean of the weights since (Merity et al. 2017).
    learning_rate: in (0, 100]; whole in the first decay_after epochs (1 to 500), then divided by decay, in [1, 1000],
    before each. clip: largest norm of the gradient, in (0, 1000]. weight_decay: λ of λ·w added to the clipped gradient, in
    [0, 1]. loss: what is made small, the mean over all that is asked, or its sum over time and mean over the batch.
    init_range: all weights begin uniform in ± this, in (0, 10]; None: as PyTorch's layers do. forget_bias: where the
    bias of the gate that keeps starts (an LSTM's f, a GRU's z), in (-10, 10], None: as the other weights; at 1 or more, long
    lags can be learned (Jozefowicz et al. 2015). decoder: with weights of its own, or tied: those of the embedding.
    windows: equal, or of varied length, about T (Merity et al. 2017). states: carried over from the window before where
    the data go on, or fresh zeros at each.
    placement: where dropout acts; what a task without words cannot drop, whole words, is left out of it. monte_carlo: passes
    of a second test with masks on, 0 to 1000, 0 for none. Three seeds: data, initial weights, masks.
    device: auto, cpu, cuda, mps. engine: auto; fused (the library's layers wherever they can express the
    masks); bptt (backpropagation through time by hand, everywhere); reference (the readable step, everywhere).
    """

    task: str = "language-model"
    options: tuple[tuple[str, Value], ...] = ()
    cell: str = "lstm"
    layers: int = 2
    hidden: int | tuple[int, ...] = 128
    embedding: int | None = None
    batch: int = 20
    steps: int = 20
    epochs: int = 20
    updates: int | None = None
    optimiser: str = "adam"
    learning_rate: float = 0.003
    decay: float = 1.0
    decay_after: int = 1
    clip: float = 1.0
    weight_decay: float = 0.0
    loss: str = "mean"
    init_range: float | None = None
    forget_bias: float | None = 1.0
    decoder: str = "own"
    windows: str = "equal"
    states: str = "carried"
    placement: Placement = field(default_factory=Placement)
    monte_carlo: int = 0
    data_seed: int = 7
    weight_seed: int = 7
    mask_seed: int = 7
    device: str = "auto"
    engine: str = "auto"

    def __post_init__(self) -> None:
        _check_task(self)
        if not self.words:
            object.__setattr__(self, "placement", self.placement.without("words"))
        validate(self)

    @property
    def widths(self) -> tuple[int, ...]:
        """H of each layer."""
        return self.hidden if isinstance(self.hidden, tuple) else (self.hidden,) * self.layers

    @property
    def features(self) -> int:
        """F, how many real numbers a step of the input is; 0 where it is a token."""
        return task_named(self.task).features(dict(self.options))

    @property
    def words(self) -> bool:
        """Whether tokens are read, so that whole words can be dropped."""
        return self.features == 0

    @property
    def method(self) -> str | None:
        """The method that the placement is, whatever its rates, or None."""
        return name_of(self.placement, self.cell, self.words)

    @property
    def shape(self) -> Shape:
        """What the masks have to fit, but for the number of tokens, which the task's data decide."""
        return Shape(self.steps, self.batch, self.features or self.embedding or self.widths[0], self.widths, self.cell)


def build_experiment(task: str = "language-model", options: Mapping[str, Value] | None = None, **given: Any) -> Experiment:
    """An experiment with the task's own defaults where nothing is given. Raises Invalid."""
    row = task_named(task)
    chosen = {option.name: option.default for option in row.shared_options} | dict(options or {})
    _check_options(task, chosen)
    fields = {**row.defaults, "steps": row.default_steps(chosen), **given}
    return Experiment(task=task, options=tuple(sorted(chosen.items())), **fields)


def with_seed(experiment: Experiment, seed: int) -> Experiment:
    """The same experiment with all three seeds set to one number."""
    return replace(experiment, data_seed=seed, weight_seed=seed, mask_seed=seed)


def validate(experiment: Experiment) -> None:
    """Raises Invalid for the first thing that cannot be."""
    e = experiment
    for name, words in WORDS.items():
        _check_choice(name, getattr(e, name), words)
    given = [name for name in (*BOUNDS, *LIMITS, *RANGES) if not (name in OPTIONAL and getattr(e, name) is None)]
    for name in given:
        check_field(name, getattr(e, name))
    _check_hidden(e)
    _check_input(e)
    _check_tied(e)
    _check_varied(e)
    task_named(e.task).check_steps(dict(e.options), e.steps)
    for site, dropout in e.placement:
        check(site.name, dropout)
    check_losses(dict(e.placement.losses))
    check_cell(e.placement, e.cell)
    check_layers(e.placement, e.layers)
    _check_size(e)
    check_memory(e.placement, e.shape)


def check_field(name: str, value: object) -> None:
    """Raises Invalid unless the field of that name, a whole number or a number, can have the value."""
    if name in BOUNDS:
        check_whole(name, value, BOUNDS[name])
    elif name in LIMITS:
        check_number(name, value, *LIMITS[name])
    else:
        _check_range(name, value, *RANGES[name])


def check_number(name: str, value: object, above: float, most: float) -> None:
    """Raises Invalid unless the value is a number above `above` and at most `most`."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not above < value <= most:  # type: ignore[operator]  # NaN is not above anything
        raise Invalid(
            _("{name} is {value}; it must be a number above {above} and at most {most}.").format(
                name=name, value=value, above=above, most=most
            ),
            name,
        )


def _check_range(name: str, value: object, low: float, high: float) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not low <= value <= high:  # type: ignore[operator]
        raise Invalid(
            _("{name} is {value}; it must be a number from {low} to {high}.").format(
                name=name, value=value, low=low, high=high
            ),
            name,
        )


def check_whole(name: str, value: object, bounds: tuple[int, int]) -> None:
    """Raises Invalid unless the value is a whole number within the bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not bounds[0] <= value <= bounds[1]:
        raise Invalid(
            _("{name} is {value}; it must be a whole number from {low} to {high}.").format(
                name=name, value=value, low=bounds[0], high=bounds[1]
            ),
            name,
        )


def _check_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise Invalid(
            _("{name} is “{value}”; it must be one of {allowed}.").format(name=name, value=value, allowed=", ".join(allowed)),
            name,
        )


def _check_hidden(e: Experiment) -> None:
    for value in e.hidden if isinstance(e.hidden, tuple) else (e.hidden,):
        check_whole("hidden", value, HIDDEN)
    if isinstance(e.hidden, tuple) and len(e.hidden) != e.layers:
        raise Invalid(
            _("hidden names {given} sizes for {layers} layers; give one number, or one per layer.").format(
                given=len(e.hidden), layers=e.layers
            ),
            "hidden",
        )


def _check_task(e: Experiment) -> None:
    _check_options(e.task, dict(e.options))


def _check_input(e: Experiment) -> None:
    if e.features and e.embedding is not None:
        raise Invalid(
            _("The task “{task}” reads numbers, straight into layer 1: it has no embedding to set.").format(task=e.task),
            "embedding",
        )


def _check_tied(e: Experiment) -> None:
    if e.decoder == "tied" and (not e.words or e.shape.embedding != e.widths[-1]):
        raise Invalid(
            _(
                "A tied decoder has the weights of the embedding: the last layer must be as wide as that, and the task "
                "must read tokens. Here the last layer has {last} units and the embedding {below}."
            ).format(last=e.widths[-1], below=e.shape.embedding if e.words else 0),
            "decoder",
        )


def _check_varied(e: Experiment) -> None:
    if e.windows == "varied" and e.steps < SHORTEST_VARIED:
        raise Invalid(
            _("Windows of varied length need steps of at least {least}; steps is {steps}.").format(
                least=SHORTEST_VARIED, steps=e.steps
            ),
            "windows",
        )


def _check_options(task: str, given: Mapping[str, object]) -> None:
    known = {option.name: option for option in task_named(task).options}
    for name, value in given.items():
        if name not in known:
            raise Invalid(
                _("The task “{task}” has no option “{name}”; it has {known}.").format(
                    task=task, name=name, known=", ".join(known)
                ),
                name,
            )
        known[name].check(value)


def _check_size(e: Experiment) -> None:
    size = e.steps * e.batch * (e.shape.embedding + sum(e.widths))
    if size > ACTIVATIONS:
        raise Invalid(
            _(
                "steps × batch × units (of the embedding and all layers) is {size}; at most {most} fit in memory. "
                "Make one of them smaller."
            ).format(size=size, most=ACTIVATIONS),
            "hidden",
        )
