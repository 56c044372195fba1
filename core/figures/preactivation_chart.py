"""How a unit's sum is distributed over many masks, beside what it is at test: bars and two lines for Plotly."""

import numpy as np

from core.analysis.preactivations import Sums
from core.experiment.batches import load_data
from core.experiment.experiment import Experiment
from core.figures.theme import Figure, Theme, template
from core.i18n import _

MOST_BINS, LEAST_BINS = 36, 8
HEIGHT = 190  # pixels
CHANCE = 3  # standard errors: farther apart are two equal means once in 370 times


def distribution(sums: Sums, whose: str, theme: Theme, low: float, high: float) -> Figure:
    """The histogram of the sums of one unit, `whose`, on an axis from `low` to `high` that several figures may share.

    The mean over the masks is a dashed line in ink, the value at test a solid one in the accent, each with its name.
    """
    bins = max(LEAST_BINS, min(MOST_BINS, round(1.2 * len(sums.values) ** 0.5)))
    counts, edges = np.histogram(sums.values, bins, (low, high))
    middles, top = (edges[1:] + edges[:-1]) / 2, float(counts.max()) or 1.0
    bars = {
        "type": "bar",
        "x": _rounded(middles),
        "y": counts.tolist(),
        "width": float(edges[1] - edges[0]) * 0.94,
        "marker": {"color": theme.wire},
        "hovertemplate": _("{n} masks near {x}").format(n="%{y}", x="%{x:.3g}") + "<extra></extra>",
    }
    mean, test = sums.mean, sums.test
    right = mean >= test
    lines = [_line(mean, theme.ink, "dash", 1.22 * top), _line(test, theme.accent, "solid", 1.42 * top)]
    names = [
        _name(_("mean {value}").format(value=f"{mean:.3f}"), mean, 1.22 * top, theme.ink, right),
        _name(_("at test {value}").format(value=f"{test:.3f}"), test, 1.42 * top, theme.accent, not right),
    ]
    axis = {"title": {"text": whose}, "range": [low, high], "nticks": 6}
    layout = {
        "template": template(theme),
        "height": HEIGHT,
        "margin": {"l": 44, "r": 8, "t": 8, "b": 40},
        "xaxis": axis,
        "yaxis": {"title": {"text": _("masks")}, "range": [0, 1.6 * top], "nticks": 4},
        "shapes": lines,
        "annotations": names,
        "uirevision": f"{sums.layer} {sums.unit}",
    }
    return {"data": [bars], "layout": layout}


def span(every: list[Sums]) -> tuple[float, float]:
    """An axis that holds all of them, a little wider on both sides; wide enough to show a single value."""
    ends = [float(end) for s in every for end in (s.values.min(), s.values.max(), s.test)]
    low, high = min(ends), max(ends)
    room = max(0.04 * (high - low), 1e-3)
    return low - room, high + room


def describe_distribution(sums: Sums, whose: str) -> str:
    """A sentence for those who do not see it."""
    return _("{who}, over {n} masks: from {low} to {high}, mean {mean} ± {error}; at test {test}.").format(
        who=whose,
        n=len(sums.values),
        low=_text(sums.values.min()),
        high=_text(sums.values.max()),
        mean=_text(sums.mean),
        error=_text(sums.error),
        test=_text(sums.test),
    )


def reader(sums: Sums, experiment: Experiment) -> str:
    """Whose sum it is."""
    if sums.layer > experiment.layers:
        name = load_data(experiment).class_names[sums.unit]
        return _("the score of “{name}”").format(name=name)
    return _("the candidate of unit {n}, layer {l}").format(n=sums.unit + 1, l=sums.layer)


def verdict(sums: Sums) -> str:
    """Whether the mean over the masks is the value at test, as far as chance allows."""
    apart, error = abs(sums.mean - sums.test), sums.error
    said = {"mean": _text(sums.mean), "error": _text(error), "test": _text(sums.test)}
    if apart <= CHANCE * error:
        return _("Mean {mean} ± {error}, at test {test}: the same, as far as chance allows.").format(**said)
    return _("Mean {mean} ± {error}, at test {test}: {times} standard errors apart, which is no chance.").format(
        **said, times=_text(apart / error) if error else "∞"
    )


def _line(x: float, colour: str, dash: str, top: float) -> Figure:
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": top, "line": {"color": colour, "width": 2.5, "dash": dash}}


def _name(says: str, x: float, y: float, colour: str, right: bool) -> Figure:
    return {
        "text": says,
        "x": x,
        "y": y,
        "showarrow": False,
        "xanchor": "left" if right else "right",
        "yanchor": "middle",
        "xshift": 4 if right else -4,
        "font": {"color": colour, "size": 12},
    }


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.5g}") for value in values]


def _text(value: float) -> str:
    return f"{value:.3g}"
