"""The part of the script that draws masks: for each site one line, with the shape that its sharing gives."""

from itertools import groupby

from core.dropout.placement import WORDS, Dropout
from core.dropout.sites import Site
from core.experiment.experiment import Experiment
from core.export.lines import doc, drawing, dropping, gates, note, places
from core.i18n import _


def masks(e: Experiment) -> list[str]:
    """Functions for the kinds of noise and of schedule that occur, draw_masks, and masks_at_test where it is needed."""
    found = [dropout for _site, dropout in dropping(e).values()]
    kinds = [kind for kind in _KINDS if kind in {_kind(dropout) for dropout in found}]
    schedules = [kind for kind in _SCHEDULES if kind in {dropout.schedule.kind for dropout in found}]
    lines = [line for kind in kinds for line in (*_KINDS[kind](), "", "")]
    lines += [line for kind in schedules for line in (*_SCHEDULES[kind](), "", "")]
    return [*lines, *_draw(e), *_test(e)]


def tested(e: Experiment) -> bool:
    """Whether a mask has a value other than 1 at test."""
    return any(dropout.scaling == "test" for _site, dropout in dropping(e).values())


def _drop() -> list[str]:
    return [
        "def drop(p, *size):",
        *doc(_("1 / (1 - p) where a unit is kept, 0 where it is dropped: the mean stays the same.")),
        "    return (torch.rand(size) >= p) / (1 - p)",
    ]


def _keep() -> list[str]:
    return [
        "def keep(p, *size):",
        *doc(_("1 where a unit is kept, 0 with probability p: not scaled.")),
        "    return (torch.rand(size) >= p).float()",
    ]


def _noise() -> list[str]:
    return [
        "def noise(p, *size):",
        *doc(_("Gaussian factors with the mean 1 and the variance p / (1 - p), as dropout has.")),
        "    return 1 + torch.randn(size) * (p / (1 - p)) ** 0.5",
    ]


def _ramp() -> list[str]:
    return [
        "def ramp(start, p, length, update):",
        *doc(_("From `start` to p in a straight line over `length` updates.")),
        "    return start + (p - start) * min(update / length, 1)",
    ]


def _rise_fall() -> list[str]:
    return [
        "def rise_fall(start, p, length, update):",
        *doc(_("From `start` to p over the first half of `length` updates, and back over the second.")),
        "    return start + (p - start) * (1 - abs(1 - 2 * min(update / length, 1)))",
    ]


_KINDS = {"drop": _drop, "keep": _keep, "noise": _noise}
_SCHEDULES = {"ramp": _ramp, "rise-fall": _rise_fall}


def _kind(dropout: Dropout) -> str:
    if dropout.noise == "gaussian":
        return "noise"
    return "drop" if dropout.scaling == "inverted" else "keep"


def _draw(e: Experiment) -> list[str]:
    lines = [f"def {drawing(e)}:", *doc(_("The masks of one update; x is what the network reads."))]
    if not dropping(e):
        return [*lines, "    return {}"]
    lines += [f"    T, B = x.shape{'' if e.words else '[:2]'}", "    masks = {}"]
    for name, group in groupby(places(e), key=lambda place: place[0].name):
        site, dropout = dropping(e)[name]
        lines += note(f"{_(site.label)}: {_how(site, dropout)}")
        lines += [_line(e, *place) for place in group]
    return [*lines, *_spelled(e), "    return masks"]


def _line(e: Experiment, site: Site, layer: int, dropout: Dropout, rate: float) -> str:
    drawn = f"{_kind(dropout)}({_rate(dropout, rate)}, {', '.join(_size(site, layer, dropout))})"
    if not dropout.fresh("gates"):
        return f'    masks["{site.name}.{layer}"] = {drawn}'
    each = f'{{f"{site.name}.{layer}.{{n}}": {drawn} for n in "{gates(e)}"}}'
    return f"    masks |= {each}"


def _size(site: Site, layer: int, dropout: Dropout) -> list[str]:
    width = {"tokens": "V", "own": f"H[{layer - 1}]", "below": "E" if layer == 1 else f"H[{layer - 2}]"}[site.width]
    units = [f"H[{layer - 1}]", width] if site.kind == "weights" else [width]
    return [
        "T" if dropout.fresh("time") else "1",
        "B" if dropout.fresh("batch") else "1",
        *(units if dropout.fresh("units") else ["1"] * len(units)),
    ]


def _rate(dropout: Dropout, rate: float) -> str:
    s = dropout.schedule
    if s.kind == "constant":
        return f"{rate!r}"
    return f"{s.kind.replace('-', '_')}({s.start!r}, {rate!r}, {s.length}, update)"


def _how(site: Site, dropout: Dropout) -> str:
    """How the site's draw is shared, in words."""
    axes = ["time", "batch", *["gates"] * ("gates" in site.axes), *["units"] * (not dropout.fresh("units"))]
    return ", ".join(_(WORDS[getattr(dropout, axis)]) for axis in axes)


def _spelled(e: Experiment) -> list[str]:
    """A mask over the vocabulary becomes one factor a token, [T, B, 1]."""
    _site, dropout = dropping(e).get("words", (None, None))
    if dropout is None or not dropout.fresh("units"):
        return []
    says = _("the factor of the word at t: [T, B, 1]")
    return [
        '    of_words = masks["words.1"][0].expand(B, V)',
        f'    masks["words.1"] = of_words.gather(1, x.T).T[..., None]  # {says}',
    ]


def _test(e: Experiment) -> list[str]:
    if not tested(e):
        return []
    says = _("What stands for the masks at test: their mean, 1 - p, where training did not scale them.")
    lines = ["", "", "def masks_at_test(update):", *doc(says), "    return {"]
    for site, layer, dropout, rate in places(e):
        if dropout.scaling == "test":
            value = f"torch.full((1, 1, 1), 1 - {_rate(dropout, rate)})"
            one = f'"{site.name}.{layer}": {value}'
            each = f'**{{f"{site.name}.{layer}.{{n}}": {value} for n in "{gates(e)}"}}'
            lines.append(f"        {each if dropout.fresh('gates') else one},")
    return [*lines, "    }"]
