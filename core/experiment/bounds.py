"""The allowed values of the fields of an experiment, and generic checks of a value against choices and bounds."""

from core.dropout.cells import CELLS
from core.errors import Invalid, quote
from core.i18n import _

DEVICES = ("auto", "cpu", "cuda", "mps")
ENGINES = ("auto", "fused", "bptt", "reference")
# The allowed values of the text fields.
CHOICES: dict[str, tuple[str, ...]] = {
    "cell": CELLS,
    "device": DEVICES,
    "engine": ENGINES,
    "optimiser": ("adam", "sgd", "nt-asgd"),
    "loss": ("mean", "sum"),
    "decoder": ("own", "tied"),
    "windows": ("equal", "varied"),
    "states": ("carried", "fresh"),
}

# Integer fields: smallest and largest value.
INTEGER_BOUNDS: dict[str, tuple[int, int]] = {
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
HIDDEN_BOUNDS = (1, 1500)
THREAD_BOUNDS = (1, 1024)  # PyTorch's threads
# Number fields: above the first bound, at most the second.
HALF_OPEN_BOUNDS: dict[str, tuple[float, float]] = {
    "learning_rate": (0, 100),
    "clip": (0, 1000),
    "forget_bias": (-10, 10),
    "init_range": (0, 10),
}
# Number fields: from the first bound to the second, both included.
CLOSED_BOUNDS: dict[str, tuple[float, float]] = {"decay": (1, 1000), "weight_decay": (0, 1)}
OPTIONAL_FIELDS = ("embedding", "updates", "forget_bias", "init_range")  # may be None


def check_field(name: str, value: object) -> None:
    """Raise Invalid unless the value is within the bounds of the numeric field `name`."""
    if name in INTEGER_BOUNDS:
        check_integer(name, value, INTEGER_BOUNDS[name])
    elif name in HALF_OPEN_BOUNDS:
        check_half_open(name, value, *HALF_OPEN_BOUNDS[name])
    else:
        check_closed(name, value, *CLOSED_BOUNDS[name])


def check_half_open(name: str, value: object, above: float, most: float) -> None:
    """Raise Invalid unless the value is a number above `above` and at most `most`."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not above < value <= most:  # type: ignore[operator]  # false for NaN
        raise Invalid(
            _("{name} is {value}; it must be a number above {above} and at most {most}.").format(
                name=name, value=quote(value), above=above, most=most
            ),
            name,
        )


def check_closed(name: str, value: object, low: float, high: float) -> None:
    """Raise Invalid unless the value is a number from `low` to `high`."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:  # type: ignore[operator]
        raise Invalid(
            _("{name} is {value}; it must be a number from {low} to {high}.").format(
                name=name, value=quote(value), low=low, high=high
            ),
            name,
        )


def check_integer(name: str, value: object, bounds: tuple[int, int]) -> None:
    """Raise Invalid unless the value is an integer from the first bound to the second."""
    if isinstance(value, bool) or not isinstance(value, int) or not bounds[0] <= value <= bounds[1]:
        raise Invalid(
            _("{name} is {value}; it must be a whole number from {low} to {high}.").format(
                name=name, value=quote(value), low=bounds[0], high=bounds[1]
            ),
            name,
        )


def check_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Raise Invalid unless the value is one of those allowed."""
    if value not in allowed:
        raise Invalid(
            _("{name} is “{value}”; it must be one of {allowed}.").format(
                name=name, value=quote(value), allowed=", ".join(allowed)
            ),
            name,
        )
