"""The distribution of a unit's pre-activation over many masks, compared with its value at test time, as a histogram."""

import numpy as np

from core.analysis.preactivations import PreactivationSample
from core.experiment.batches import load_data
from core.experiment.experiment import Experiment
from core.figures.theme import Figure, Theme, build_template
from core.i18n import _

MAX_BINS, MIN_BINS = 36, 8
HEIGHT = 190  # pixels
MAX_STANDARD_ERRORS = 3  # equal means differ by more only once in 370 times


def plot_preactivations(sample: PreactivationSample, name: str, theme: Theme, low: float, high: float) -> Figure:
    """Return the histogram of one unit's pre-activation over many masks.

    name: whose pre-activation it is. low, high: the x axis, which several figures may share. The mean over the masks is a
    dashed line in ink, the value at test time a solid line in the accent color, each with its label.
    """
    bins = max(MIN_BINS, min(MAX_BINS, round(1.2 * len(sample.values) ** 0.5)))
    counts, edges = np.histogram(sample.values, bins, (low, high))
    middles, top = (edges[1:] + edges[:-1]) / 2, float(counts.max()) or 1.0
    bars = {
        "type": "bar",
        "x": [float(f"{value:.5g}") for value in middles],
        "y": counts.tolist(),
        "width": float(edges[1] - edges[0]) * 0.94,
        "marker": {"color": theme.wire},
        "hovertemplate": _("{n} masks near {x}").format(n="%{y}", x="%{x:.3g}") + "<extra></extra>",
    }
    mean, test = sample.mean, sample.test
    mean_text, test_text = _("mean {value}").format(value=f"{mean:.3f}"), _("at test {value}").format(value=f"{test:.3f}")
    mean_line, mean_label = _plot_value(mean_text, mean, 1.22 * top, theme.ink, "dash", mean >= test)
    test_line, test_label = _plot_value(test_text, test, 1.42 * top, theme.accent, "solid", mean < test)
    layout = {
        "template": build_template(theme),
        "height": HEIGHT,
        "margin": {"l": 44, "r": 8, "t": 8, "b": 40},
        "xaxis": {"title": {"text": name}, "range": [low, high], "nticks": 6},
        "yaxis": {"title": {"text": _("masks")}, "range": [0, 1.6 * top], "nticks": 4},
        "shapes": [mean_line, test_line],
        "annotations": [mean_label, test_label],
        "uirevision": f"{sample.layer} {sample.unit}",
    }
    return {"data": [bars], "layout": layout}


def _plot_value(text: str, x: float, top: float, color: str, dash: str, is_right: bool) -> tuple[Figure, Figure]:
    """Return a vertical line at x and its label, on the right or the left of it."""
    line = {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": top, "line": {"color": color, "width": 2.5, "dash": dash}}
    label = {
        "text": text,
        "x": x,
        "y": top,
        "showarrow": False,
        "xanchor": "left" if is_right else "right",
        "yanchor": "middle",
        "xshift": 4 if is_right else -4,
        "font": {"color": color, "size": 12},
    }
    return line, label


def find_axis_range(samples: list[PreactivationSample]) -> tuple[float, float]:
    """Return the axis range (low, high) that holds the values of all samples, with some space on both sides."""
    ends = [float(end) for one in samples for end in (one.values.min(), one.values.max(), one.test)]
    low, high = min(ends), max(ends)
    space = max(0.04 * (high - low), 1e-3)
    return low - space, high + space


def describe_preactivations(sample: PreactivationSample, name: str) -> str:
    """Return a description of the histogram for screen readers. name: whose pre-activation it is."""
    return _("{name}, over {n} masks: from {low} to {high}, mean {mean} ± {error}; at test {test}.").format(
        name=name,
        n=len(sample.values),
        low=f"{sample.values.min():.3g}",
        high=f"{sample.values.max():.3g}",
        mean=f"{sample.mean:.3g}",
        error=f"{sample.error:.3g}",
        test=f"{sample.test:.3g}",
    )


def name_preactivation(sample: PreactivationSample, experiment: Experiment) -> str:
    """Return whose pre-activation it is: a class score or the candidate of a unit."""
    if sample.layer > experiment.layers:
        return _("the score of “{name}”").format(name=load_data(experiment).class_names[sample.unit])
    return _("the candidate of unit {n}, layer {l}").format(n=sample.unit + 1, l=sample.layer)


def compare_mean_with_test(sample: PreactivationSample) -> str:
    """Return a sentence on whether the mean over the masks equals the value at test, within MAX_STANDARD_ERRORS."""
    difference, error = abs(sample.mean - sample.test), sample.error
    if difference <= MAX_STANDARD_ERRORS * error:
        text = _("Mean {mean} ± {error}, at test {test}: no significant difference.")
    else:
        text = _("Mean {mean} ± {error}, at test {test}: a significant difference of {times} standard errors.")
    times = f"{difference / error:.3g}" if error else "∞"
    return text.format(mean=f"{sample.mean:.3g}", error=f"{error:.3g}", test=f"{sample.test:.3g}", times=times)
