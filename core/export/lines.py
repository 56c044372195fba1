"""Lines of code with the comments and docstrings of people's language in them."""

from collections.abc import Iterable, Iterator
from textwrap import wrap

from core.dropout.masks import GATES
from core.dropout.placement import Dropout
from core.dropout.sites import Site, layers_of
from core.experiment.experiment import Experiment

WIDTH = 96


def note(text: str, indent: str = "    ") -> list[str]:
    """A comment, wrapped."""
    return wrap(text, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")


def doc(*paragraphs: str, indent: str = "    ") -> list[str]:
    """A docstring of one or more paragraphs, wrapped. No text may end it early."""
    safe = [paragraph.replace("\\", "/").replace('"', "'") for paragraph in paragraphs]
    wrapped = [wrap(paragraph, WIDTH - 6, initial_indent=indent, subsequent_indent=indent) for paragraph in safe]
    lines = [line for number, one in enumerate(wrapped) for line in ([""] * (number > 0) + one)]
    lines[0] = f'{indent}"""{lines[0].removeprefix(indent)}'
    return [*lines[:-1], f'{lines[-1]}"""'] if len(lines) == 1 else [*lines, f'{indent}"""']


def indented(lines: Iterable[str], by: str = "    ") -> list[str]:
    """The lines further to the right; empty lines stay empty."""
    return [by + line if line else "" for line in lines]


def places(e: Experiment) -> Iterator[tuple[Site, int, Dropout, float]]:
    """Every (site, layer) that drops at some update, how, and with which rate in the end."""
    for site, dropout in e.placement:
        for layer in layers_of(site, e.layers):
            rate = e.placement.rate(site.name, layer, e.layers)
            if rate > 0 or dropout.schedule.start > 0:
                yield site, layer, dropout, rate


def dropping(e: Experiment) -> dict[str, tuple[Site, Dropout]]:
    """The sites that drop somewhere in this network, by name."""
    return {site.name: (site, dropout) for site, _layer, dropout, _rate in places(e)}


def gates(e: Experiment) -> str:
    """The gates' names, a letter each, in the order of the blocks of W, U and b."""
    return "".join(GATES[e.cell])


def drawing(e: Experiment) -> str:
    """The call that draws the masks of one update."""
    return "draw_masks(x, update, V)" if "words" in dropping(e) else "draw_masks(x, update)"
