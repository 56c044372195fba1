"""The experiment, which is everything that determines a run, and the validator of all input."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.dropout.masks import NetworkShape, check_mask_memory
from core.dropout.methods import find_method_name
from core.dropout.penalties import check_loss_terms
from core.dropout.placement import Placement, check_cell_sites, check_dropout, check_layer_rates
from core.errors import Invalid, quote
from core.experiment.bounds import (
    CHOICES,
    CLOSED_BOUNDS,
    HALF_OPEN_BOUNDS,
    HIDDEN_BOUNDS,
    INTEGER_BOUNDS,
    OPTIONAL_FIELDS,
    check_choice,
    check_field,
    check_integer,
)
from core.i18n import _
from core.tasks import get_task
from core.tasks.task import Value

MIN_VARIED_STEPS = 20  # the length of varied windows varies by about five steps
# T · B · (E + H of all layers). With more, an update does not fit the memory of a small machine.
MAX_ACTIVATIONS = 5_000_000


@dataclass(frozen=True)
class Experiment:
    """Everything that determines a run. Validated when it is made: raises Invalid with a sentence that says what is allowed.

    task, options: the task and its options.
    cell; layers: L, 1 to 4; hidden: H, units, one number or one per layer; embedding: E, units, None for H of the first layer
    (a task whose inputs are numbers has no embedding); batch: B, samples; steps: T, time steps of a window.
    epochs, updates: the length of the run; updates overrides epochs.
    optimiser: "adam"; "sgd"; "nt-asgd", which is SGD until the validation loss stops falling and then evaluates the mean of the
    weights since that update (Merity et al. 2017).
    learning_rate: in (0, 100], constant for the first decay_after epochs (1 to 500) and then divided by decay, in [1, 1000],
    before every epoch. clip: maximum norm of the gradient, in (0, 1000]. weight_decay: λ in [0, 1]; λ·w is added to the clipped
    gradient. loss: "mean" over all targets, or "sum" over time and mean over the batch.
    init_range: initial weights are uniform in ± this, in (0, 10]; None for the initialization of PyTorch's layers.
    forget_bias: initial bias of the gate that keeps content (an LSTM's f, a GRU's z), in (-10, 10], None for that of the other
    weights; long lags can be learned from 1 on (Jozefowicz et al. 2015).
    decoder: "own" weights, or "tied" to those of the embedding. windows: "equal", or "varied" in length about T (Merity et al.
    2017). states: "carried" over between consecutive windows, or "fresh" zeros at the start of each.
    placement: where dropout acts; the site `words` is removed if the task has no tokens. monte_carlo: passes of a second test
    with masks on, 0 to 1000, 0 for none. data_seed, weight_seed, mask_seed: of the data, the initial weights and the masks.
    device: "auto", "cpu", "cuda", "mps". engine: "auto"; "fused" (PyTorch's layers wherever they can express the masks); "bptt"
    (backpropagation through time by hand); "reference" (the readable step of the cell).
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
        _check_options(self.task, dict(self.options))
        if not self.has_tokens:
            object.__setattr__(self, "placement", self.placement.remove_site("words"))
        validate_experiment(self)

    @property
    def widths(self) -> tuple[int, ...]:
        """Return the number of units H of each layer."""
        return self.hidden if isinstance(self.hidden, tuple) else (self.hidden,) * self.layers

    @property
    def features(self) -> int:
        """Return the number of input features per step, F; 0 if the input is a token."""
        return get_task(self.task).features(dict(self.options))

    @property
    def has_tokens(self) -> bool:
        """Return whether the input is tokens, so that whole words can be dropped."""
        return self.features == 0

    @property
    def method(self) -> str | None:
        """Return the name of the method that has this placement, at any rates; None if there is no such method."""
        return find_method_name(self.placement, self.cell, self.has_tokens)

    @property
    def shape(self) -> NetworkShape:
        """Return the sizes that the masks must fit, except the number of tokens, which depends on the data."""
        return NetworkShape(self.steps, self.batch, self.features or self.embedding or self.widths[0], self.widths, self.cell)


def build_experiment(task: str = "language-model", options: Mapping[str, Value] | None = None, **given: Any) -> Experiment:
    """Return an experiment with the defaults of the task for every field that is not given. Raises Invalid."""
    row = get_task(task)
    all_options = {option.name: option.default for option in row.shared_options} | dict(options or {})
    _check_options(task, all_options)
    fields = {**row.defaults, "steps": row.default_steps(all_options), **given}
    return Experiment(task=task, options=tuple(sorted(all_options.items())), **fields)


def replace_seeds(experiment: Experiment, seed: int) -> Experiment:
    """Return a copy with all three seeds set to one number."""
    return replace(experiment, data_seed=seed, weight_seed=seed, mask_seed=seed)


def validate_experiment(experiment: Experiment) -> None:
    """Raise Invalid for the first field that is not allowed."""
    e = experiment
    for name, words in CHOICES.items():
        check_choice(name, getattr(e, name), words)
    set_fields = [
        name
        for name in (*INTEGER_BOUNDS, *HALF_OPEN_BOUNDS, *CLOSED_BOUNDS)
        if not (name in OPTIONAL_FIELDS and getattr(e, name) is None)
    ]
    for name in set_fields:
        check_field(name, getattr(e, name))
    _check_hidden(e)
    _check_embedding(e)
    _check_decoder(e)
    _check_windows(e)
    get_task(e.task).check_steps(dict(e.options), e.steps)
    for site, dropout in e.placement:
        check_dropout(site.name, dropout)
    check_loss_terms(dict(e.placement.losses))
    check_cell_sites(e.placement, e.cell)
    check_layer_rates(e.placement, e.layers)
    _check_activations(e)
    check_mask_memory(e.placement, e.shape)


def _check_hidden(e: Experiment) -> None:
    for value in e.hidden if isinstance(e.hidden, tuple) else (e.hidden,):
        check_integer("hidden", value, HIDDEN_BOUNDS)
    if isinstance(e.hidden, tuple) and len(e.hidden) != e.layers:
        raise Invalid(
            _("hidden names {given} sizes for {layers} layers; give one number, or one per layer.").format(
                given=len(e.hidden), layers=e.layers
            ),
            "hidden",
        )


def _check_embedding(e: Experiment) -> None:
    if e.features and e.embedding is not None:
        raise Invalid(
            _("The task “{task}” feeds numbers directly into layer 1, so it has no embedding to set.").format(task=e.task),
            "embedding",
        )


def _check_decoder(e: Experiment) -> None:
    if e.decoder == "tied" and (not e.has_tokens or e.shape.embedding != e.widths[-1]):
        raise Invalid(
            _(
                "A tied decoder has the weights of the embedding: the last layer must be as wide as that, and the task "
                "must read tokens. Here the last layer has {last} units and the embedding {below}."
            ).format(last=e.widths[-1], below=e.shape.embedding if e.has_tokens else 0),
            "decoder",
        )


def _check_windows(e: Experiment) -> None:
    if e.windows == "varied" and e.steps < MIN_VARIED_STEPS:
        raise Invalid(
            _("Windows of varied length need steps of at least {least}; steps is {steps}.").format(
                least=MIN_VARIED_STEPS, steps=e.steps
            ),
            "windows",
        )


def _check_options(task: str, values: Mapping[str, object]) -> None:
    known = {option.name: option for option in get_task(task).options}
    for name, value in values.items():
        if name not in known:
            raise Invalid(
                _("The task “{task}” has no option “{name}”; it has {known}.").format(
                    task=task, name=quote(name), known=", ".join(known)
                ),
                name,
            )
        known[name].check(value)


def _check_activations(e: Experiment) -> None:
    size = e.steps * e.batch * (e.shape.embedding + sum(e.widths))
    if size > MAX_ACTIVATIONS:
        raise Invalid(
            _(
                "steps × batch × units (of the embedding and all layers) is {size}; at most {most} fit in memory. "
                "Make one of them smaller."
            ).format(size=size, most=MAX_ACTIVATIONS),
            "hidden",
        )
