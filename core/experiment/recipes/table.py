"""The table of recipes. The results of the papers are in core/dropout/published_results.py."""

from difflib import get_close_matches
from typing import Any

from core.dropout.methods import METHODS
from core.dropout.placement import Placement
from core.dropout.published_results import PUBLISHED_RESULTS, PublishedResult
from core.errors import Invalid
from core.experiment.recipes.recipe import Recipe
from core.i18n import N_, _

_ONE_BIAS = N_("Each gate trains one bias, where the original has two, which are only ever added.")
_TEST_STREAMS = N_("The test text is read in as many streams as a batch has, where theirs is read in one.")
_LATER_DECAY = N_(
    "The learning rate falls after as many epochs as the paper says; in the authors' code it falls one epoch later."
)
_WEIGHT_DECAY = N_(
    "The weight decay is multiplied by the learning rate; the authors' code takes 10⁻⁷·w off at every update, "
    "whatever the rate."
)
_MASKS_PER_WINDOW = N_(
    "With masks on at test, these are drawn for each window; in the authors' code they hold for the whole text, and no "
    "words are dropped."
)
_MEDIUM_RATES = N_(
    "The rates of the medium network, .2 on words and state and .35 on input, between and output, were not "
    "found in the authors' code, which is of the large one."
)
# In all of these, the loss of SGD is a mean over the batch and a sum over time.
_SGD: dict[str, Any] = {
    "cell": "lstm",
    "layers": 2,
    "batch": 20,
    "optimiser": "sgd",
    "learning_rate": 1.0,
    "loss": "sum",
    "forget_bias": None,
}
_SMALL = _SGD | {"hidden": 200, "steps": 20, "init_range": 0.1, "clip": 5.0, "epochs": 13, "decay": 2.0, "decay_after": 4}
_MEDIUM = _SGD | {"hidden": 650, "steps": 35, "init_range": 0.05, "clip": 5.0, "epochs": 39, "decay": 1.2, "decay_after": 6}
_LARGE = _SGD | {"hidden": 1500, "steps": 35, "init_range": 0.04, "clip": 10.0, "epochs": 55, "decay": 1.15, "decay_after": 14}
_AWD: dict[str, Any] = {
    "cell": "lstm",
    "layers": 3,
    "embedding": 400,
    "hidden": (1150, 1150, 400),
    "batch": 20,
    "steps": 70,
    "windows": "varied",
    "epochs": 500,
    "optimiser": "nt-asgd",
    "learning_rate": 30.0,
    "clip": 0.25,
    "weight_decay": 1.2e-6,
    "forget_bias": None,
    "decoder": "tied",
    "placement": Placement.from_sites(METHODS["merity2017"].sites, METHODS["ar-tar"].losses),
}
_ZONEOUT: dict[str, Any] = {
    "cell": "lstm",
    "layers": 1,
    "embedding": 50,
    "hidden": 1000,
    "batch": 32,
    "steps": 100,
    "states": "fresh",
    "epochs": 100,
    "optimiser": "adam",
    "learning_rate": 0.002,
    "clip": 1.0,
    "forget_bias": 1.0,
    "placement": METHODS["krueger2016"].build_placement(),
}
PTB_CHARACTERS = 5_017_483  # in the training split


def _list_reported(method: str, network: str) -> tuple[PublishedResult, ...]:
    return tuple(row for row in PUBLISHED_RESULTS if row.method == method and row.network.startswith(network))


def _build_zaremba_recipe(name: str, label: str, fields: dict[str, Any], method: str, rate: float, network: str) -> Recipe:
    placement = METHODS[method].build_placement(rate) if rate else Placement()
    return Recipe(
        f"zaremba2014-{name}",
        label,
        METHODS["zaremba2014"].citation,
        {**fields, "placement": placement},
        _list_reported(method, network),
        (_ONE_BIAS, _LATER_DECAY, _TEST_STREAMS),
    )


def _build_gal_recipe(
    method: str, size: str, label: str, fields: dict[str, Any], rates: tuple[float, float], unconfirmed: str
) -> Recipe:
    default = METHODS[method].build_placement()
    sites = {
        name: METHODS[method].build_placement(rates[name not in ("words", "state")]).get(name)
        for name, _dropout in default.sites
    }
    overrides = {"placement": Placement.from_sites({name: one for name, one in sites.items() if one}), "weight_decay": 1e-7}
    monte_carlo = {"monte_carlo": 100} if method == "gal2016-untied" else {}
    differs = (_WEIGHT_DECAY, _ONE_BIAS, _LATER_DECAY, _TEST_STREAMS, *([_MASKS_PER_WINDOW] if monte_carlo else []))
    return Recipe(
        f"{method}-{size}",
        label,
        METHODS[method].citation,
        {**fields, **overrides, **monte_carlo},
        _list_reported(method, size),
        differs,
        unconfirmed,
    )


_ROWS = (
    _build_zaremba_recipe("small", N_("Zaremba et al., not regularised"), _SMALL, "none", 0.0, "2 × 200"),
    _build_zaremba_recipe("medium", N_("Zaremba et al., medium"), _MEDIUM, "zaremba2014", 0.5, "2 × 650"),
    _build_zaremba_recipe("large", N_("Zaremba et al., large"), _LARGE, "zaremba2014", 0.65, "2 × 1500"),
    _build_gal_recipe("gal2016", "medium", N_("Gal & Ghahramani, medium, tied"), _MEDIUM, (0.2, 0.35), _MEDIUM_RATES),
    _build_gal_recipe("gal2016", "large", N_("Gal & Ghahramani, large, tied"), _LARGE | {"decay_after": 10}, (0.3, 0.5), ""),
    _build_gal_recipe("gal2016-untied", "medium", N_("Gal & Ghahramani, medium, untied"), _MEDIUM, (0.2, 0.35), _MEDIUM_RATES),
    _build_gal_recipe("gal2016-untied", "large", N_("Gal & Ghahramani, large, untied"), _LARGE | {"decay_after": 10},
                      (0.3, 0.5), ""),
    Recipe(
        "merity2017", N_("Merity et al., AWD-LSTM"), METHODS["merity2017"].citation, _AWD, _list_reported("merity2017", "AWD"),
        (N_("All epochs have the same number of windows. What is tested are the mean weights at the end, not those of the best "
            "epoch; the authors' finetuning and pointer are left out."), _ONE_BIAS, _TEST_STREAMS),
    ),
    Recipe(
        "krueger2016-char", N_("Krueger et al., Zoneout, characters"), METHODS["krueger2016"].citation, _ZONEOUT,
        _list_reported("krueger2016", "LSTM")[:1],
        (N_("A character enters through an embedding, not as one of many ones; weights begin as in this program, not "
            "orthogonal, and states at zero, where theirs are learned."),
         N_("The norm of the gradient is clipped; the authors' code clips that of Adam's step."),
         N_("Windows come in the order of the text, cut at the same places in every epoch; theirs are shuffled and cut anew."),
         N_("A hundred epochs are trained; theirs stop after 25 without a better one, or after 2000.")),
        task="character-model", size={"characters": PTB_CHARACTERS},
    ),
)  # fmt: skip
RECIPES: dict[str, Recipe] = {row.name: row for row in _ROWS}


def get_recipe(name: str) -> Recipe:
    """Return the recipe of that name. Raises Invalid with the nearest names if there is none."""
    if name in RECIPES:
        return RECIPES[name]
    nearest = get_close_matches(name.lower(), RECIPES, n=3, cutoff=0.4) or list(RECIPES)
    raise Invalid(_("There is no recipe “{name}”; did you mean {near}?").format(name=name, near=", ".join(nearest)), "recipe")
