"""The histogram of how many paths cross how many masks, as a small SVG."""

from collections.abc import Sequence

from core.figures.number_format import format_count
from core.figures.svg import group, label, tag
from core.figures.theme import FONT, Theme
from core.i18n import _

WIDTH, HEIGHT = 400.0, 92.0
MAX_LABELS = 12  # below the bars
MAX_DIGITS = 4  # of a count above a bar


def render_path_histogram(counts: Sequence[int], theme: Theme) -> str:
    """Return the histogram as one SVG element: a bar for each number of masks from the least to the most.

    counts: counts[n] paths cross n masks, integers of any size. Each bar has data-masks and data-paths.
    """
    least, most = next(n for n, paths in enumerate(counts) if paths), len(counts) - 1
    pitch = min(36.0, (WIDTH - 20) / (most - least + 1))
    label_interval = -(-(most - least + 1) // MAX_LABELS)
    bars = [
        _render_bar(n, counts[n], max(counts), 10 + (n - least) * pitch, pitch, (n - least) % label_interval == 0, theme)
        for n in range(least, most + 1)
    ]
    listed = [_("{n}: {paths}").format(n=n, paths=format_count(counts[n], MAX_DIGITS)) for n in range(least, most + 1)[:40]]
    return tag(
        "svg",
        *bars,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH:g} {HEIGHT + 20:g}",
        role="img",
        width="100%",
        aria_label=_("Number of paths by number of masks crossed: {all}.").format(all=", ".join(listed)),
        class_="path-histogram",
    )


def _render_bar(n: int, paths: int, most: int, x: float, pitch: float, is_labelled: bool, theme: Theme) -> str:
    # Counts are exact integers of any size: they are divided before they become floating-point numbers.
    height = max(2.0, (HEIGHT - 20) * (paths * 1000 // most / 1000)) if paths else 0.0
    middle, style = x + pitch / 2 - 1, {"font_family": FONT, "text_anchor": "middle"}
    count = ""
    if pitch >= 24 and paths:
        text = format_count(paths, MAX_DIGITS)
        count = label(text, middle, HEIGHT - height - 4, "", font_size="11px", fill=theme.muted, **style)
    return group(
        tag("title", _("{n} masks: {paths} paths").format(n=n, paths=format_count(paths, MAX_DIGITS))),
        tag("rect", x=x, y=HEIGHT - height, width=max(1.0, pitch - 2), height=height, fill=theme.primary),
        count,
        label(f"{n}", middle, HEIGHT + 15, "", font_size="12px", fill=theme.ink, **style) if is_labelled else "",
        data_masks=str(n),
        data_paths=str(paths),
    )
