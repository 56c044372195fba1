"""Helpers for the lines of the scripts: comments, docstrings, indentation, and the sites that are active."""

from collections.abc import Iterable, Iterator
from textwrap import wrap

from core.dropout.cells import GATES
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout
from core.dropout.sites import Site, get_site_layers
from core.experiment.experiment import Experiment
from core.i18n import _, ngettext

WIDTH = 96


def format_comment(text: str, indent: str = "    ") -> list[str]:
    """Return a wrapped comment."""
    return wrap(text, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")


def format_docstring(*paragraphs: str, indent: str = "    ") -> list[str]:
    """Return a wrapped docstring of one or more paragraphs. Quotes and backslashes are replaced, so that no text can end it."""
    safe = [paragraph.replace("\\", "/").replace('"', "'") for paragraph in paragraphs]
    wrapped = [wrap(paragraph, WIDTH - 6, initial_indent=indent, subsequent_indent=indent) for paragraph in safe]
    lines = [line for number, one in enumerate(wrapped) for line in ([""] * (number > 0) + one)]
    lines[0] = f'{indent}"""{lines[0].removeprefix(indent)}'
    return [*lines[:-1], f'{lines[-1]}"""'] if len(lines) == 1 else [*lines, f'{indent}"""']


def indent_lines(lines: Iterable[str], by: str = "    ") -> list[str]:
    """Return the lines indented; empty lines stay empty."""
    return [by + line if line else "" for line in lines]


def list_active_sites(e: Experiment) -> Iterator[tuple[Site, int, Dropout, float]]:
    """Yield every (site, layer) that drops at some update, its dropout, and its final rate."""
    for site, dropout in e.placement:
        for layer in get_site_layers(site, e.layers):
            rate = e.placement.get_rate(site.name, layer, e.layers)
            if rate > 0 or dropout.schedule.start > 0:
                yield site, layer, dropout, rate


def get_active_sites(e: Experiment) -> dict[str, tuple[Site, Dropout]]:
    """Return the sites that drop in some layer, by name."""
    return {site.name: (site, dropout) for site, _layer, dropout, _rate in list_active_sites(e)}


def get_gate_letters(e: Experiment) -> str:
    """Return the letters of the gates, in the order of the blocks of W, U and b."""
    return "".join(GATES[e.cell])


def format_draw_call(e: Experiment, pass_index: str = "", update: str = "update") -> str:
    """Return the call that draws the masks of one update, or of one pass of it."""
    vocabulary = ["V"] if "words" in get_active_sites(e) else []
    return f"draw_masks({', '.join(['x', update, *vocabulary, *filter(None, [pass_index])])})"


def format_sizes(e: Experiment) -> list[str]:
    """Return the lines that name the sizes T, B, E, H and L."""
    widths = ", ".join(map(str, e.widths)) + ("," if e.layers == 1 else "")
    return [
        f"T, B, E, H = {e.steps}, {e.batch}, {e.shape.embedding}, ({widths})",
        f"L = {e.layers}  # {_('layers')}",
    ]


def describe_network(e: Experiment) -> dict[str, str]:
    """Return the words of the script's title: "network", the cell and its layers, and "method", the placement."""
    layers = ngettext("{n} layer", "{n} layers", e.layers).format(n=e.layers)
    method = _(METHODS[e.method].label) if e.method else _("a custom placement")
    return {"network": f"{e.cell.upper()}, {layers}", "method": method}
