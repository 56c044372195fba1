"""The part of the script that draws the masks: one line for each site and layer, with the shape of its sharing."""

from itertools import groupby

from core.dropout.placement import CHOICE_LABELS, Dropout
from core.dropout.sites import Site
from core.experiment.experiment import Experiment
from core.export.lines import (
    format_comment,
    format_docstring,
    format_draw_call,
    get_active_sites,
    get_gate_letters,
    indent_lines,
    list_active_sites,
)
from core.i18n import _


def build_masks(e: Experiment) -> list[str]:
    """Return the functions for the noise and schedules in use, draw_masks, and test_time_masks if it is needed."""
    dropouts = [dropout for _site, dropout in get_active_sites(e).values()]
    kinds = [kind for kind in _NOISE_FUNCTIONS if kind in {_choose_noise_function(dropout) for dropout in dropouts}]
    schedules = [kind for kind in _SCHEDULE_FUNCTIONS if kind in {dropout.schedule.kind for dropout in dropouts}]
    uniform = [*_write_random_generator(e), "", ""] if kinds else []
    lines = uniform + [line for kind in kinds for line in (*_NOISE_FUNCTIONS[kind](), "", "")]
    lines += [line for kind in schedules for line in (*_SCHEDULE_FUNCTIONS[kind](), "", "")]
    return [*lines, *_write_draw_masks(e), *_write_test_time_masks(e)]


def has_test_masks(e: Experiment) -> bool:
    """Return whether a mask has a test-time value other than 1."""
    return any(dropout.scaling == "test" for _site, dropout in get_active_sites(e).values())


def _write_random_generator(e: Experiment) -> list[str]:
    return [
        "def make_generator(update, pass_index, site, layer, gate=''):",
        *format_docstring(
            _("The random numbers of a mask depend on the seed, the update and the place alone: the same as in the app.")
        ),
        f"    key = [{e.mask_seed}, update, pass_index, zlib.crc32(site.encode()), layer, zlib.crc32(gate.encode())]",
        "    return np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(key)))",
    ]


def _write_dropout_mask() -> list[str]:
    return [
        "def dropout_mask(generator, p, *size):",
        *format_docstring(_("Inverted dropout: 0 with probability p, otherwise 1 / (1 - p), so that the mean is 1.")),
        "    return torch.tensor(generator.random(size, np.float32) >= np.float32(p)) / (1 - p)",
    ]


def _write_binary_mask() -> list[str]:
    return [
        "def binary_mask(generator, p, *size):",
        *format_docstring(_("0 with probability p, otherwise 1: not scaled.")),
        "    return torch.tensor(generator.random(size, np.float32) >= np.float32(p)).float()",
    ]


def _write_gaussian_mask() -> list[str]:
    return [
        "def gaussian_mask(generator, p, *size):",
        *format_docstring(_("Gaussian factors with mean 1 and variance p / (1 - p), as inverted dropout has.")),
        "    return 1 + torch.tensor(generator.standard_normal(size, np.float32)) * (p / (1 - p)) ** 0.5",
    ]


def _write_ramp() -> list[str]:
    return [
        "def ramp(start, p, length, update):",
        *format_docstring(_("The rate rises or falls linearly from `start` to p over `length` updates.")),
        "    return start + (p - start) * min(update / length, 1)",
    ]


def _write_rise_fall() -> list[str]:
    return [
        "def rise_fall(start, p, length, update):",
        *format_docstring(_("The rate goes from `start` to p in the first half of `length` updates, and back in the second.")),
        "    return start + (p - start) * (1 - abs(1 - 2 * min(update / length, 1)))",
    ]


def _write_late_rise_fall() -> list[str]:
    says = _("The rate is `start` for the first fifth of `length` updates, p at half of them, and `start` at their end.")
    return [
        "def late_rise_fall(start, p, length, update):",
        *format_docstring(says),
        "    progress = min(update / length, 1)",
        "    return start + (p - start) * max(0, min((progress - 0.2) / 0.3, 2 * (1 - progress)))",
    ]


_NOISE_FUNCTIONS = {
    "dropout_mask": _write_dropout_mask,
    "binary_mask": _write_binary_mask,
    "gaussian_mask": _write_gaussian_mask,
}
_SCHEDULE_FUNCTIONS = {"ramp": _write_ramp, "rise-fall": _write_rise_fall, "late-rise-fall": _write_late_rise_fall}


def _choose_noise_function(dropout: Dropout) -> str:
    if dropout.noise == "gaussian":
        return "gaussian_mask"
    return "dropout_mask" if dropout.scaling == "inverted" else "binary_mask"


def _write_draw_masks(e: Experiment) -> list[str]:
    lines = [
        f"def {format_draw_call(e, 'pass_index=0')}:",
        *format_docstring(_("Draw the masks of one update, or of a further pass of it, for the input x.")),
    ]
    if not get_active_sites(e):
        return [*lines, "    return {}"]
    lines += [f"    T, B = x.shape{'' if e.has_tokens else '[:2]'}", "    masks = {}"]
    for name, group in groupby(list_active_sites(e), key=lambda place: place[0].name):
        site, dropout = get_active_sites(e)[name]
        lines += format_comment(f"{_(site.label)}: {_describe_sharing(site, dropout)}")
        lines += [line for place in group for line in _write_mask_lines(e, *place)]
    return [*lines, *_expand_word_masks(e), "    return masks"]


def _write_mask_lines(e: Experiment, site: Site, layer: int, dropout: Dropout, rate: float) -> list[str]:
    """Return the lines that draw the mask of a site in a layer, or one for each gate."""
    has_gates = dropout.is_fresh("gates")
    key = f'f"{site.name}.{layer}.{{n}}"' if has_gates else f'"{site.name}.{layer}"'
    sizes = ", ".join(("generator", _format_rate(dropout, rate), *_list_sizes(site, layer, dropout)))
    lines = [
        f'    generator = make_generator(update, pass_index, "{site.name}", {layer}{", n" if has_gates else ""})',
        f"    masks[{key}] = {_choose_noise_function(dropout)}({sizes})",
    ]
    return [f'    for n in "{get_gate_letters(e)}":', *indent_lines(lines)] if has_gates else lines


def _list_sizes(site: Site, layer: int, dropout: Dropout) -> list[str]:
    width = {"tokens": "V", "own": f"H[{layer - 1}]", "below": "E" if layer == 1 else f"H[{layer - 2}]"}[site.width]
    units = [f"H[{layer - 1}]", width] if site.kind == "weights" else [width]
    return [
        "T" if dropout.is_fresh("time") else "1",
        "B" if dropout.is_fresh("batch") else "1",
        *(units if dropout.is_fresh("units") else ["1"] * len(units)),
    ]


def _format_rate(dropout: Dropout, rate: float) -> str:
    s = dropout.schedule
    if s.kind == "constant":
        return f"{rate!r}"
    return f"{s.kind.replace('-', '_')}({s.start!r}, {rate!r}, {s.length}, update)"


def _describe_sharing(site: Site, dropout: Dropout) -> str:
    """Describe how the masks of the site are shared."""
    axes = ["time", "batch", *["gates"] * ("gates" in site.axes), *["units"] * (not dropout.is_fresh("units"))]
    return ", ".join(_(CHOICE_LABELS[getattr(dropout, axis)]) for axis in axes)


def _expand_word_masks(e: Experiment) -> list[str]:
    """Return the lines that turn a mask over the vocabulary into one factor per token, [T, B, 1]."""
    _site, dropout = get_active_sites(e).get("words", (None, None))
    if dropout is None or not dropout.is_fresh("units"):
        return []
    says = _("one factor per token: [T, B, 1]")
    return [
        '    word_mask = masks["words.1"][0].expand(B, V)',
        f'    masks["words.1"] = word_mask.gather(1, x.T).T[..., None]  # {says}',
    ]


def _write_test_time_masks(e: Experiment) -> list[str]:
    if not has_test_masks(e):
        return []
    says = _("The test-time value of the masks that are not scaled in training: their mean, 1 - p.")
    lines = ["", "", "def test_time_masks(update):", *format_docstring(says), "    return {"]
    for site, layer, dropout, rate in list_active_sites(e):
        if dropout.scaling == "test":
            value = f"torch.full((1, 1, 1), 1 - {_format_rate(dropout, rate)})"
            one = f'"{site.name}.{layer}": {value}'
            each = f'**{{f"{site.name}.{layer}.{{n}}": {value} for n in "{get_gate_letters(e)}"}}'
            lines.append(f"        {each if dropout.is_fresh('gates') else one},")
    return [*lines, "    }"]
