"""Tests of the mask heatmap: the figure's bytes are decoded and compared with the masks of the network."""

import json
from base64 import b64decode
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dropout.masks import NetworkShape, draw_masks
from core.dropout.placement import Dropout, Placement, build_dropout
from core.figures.mask_heatmap import compute_kept_fraction, describe_mask, plot_mask_heatmap
from core.figures.theme import DARK, LIGHT

T, B, H = 5, 3, 7


def draw_mask(**settings: Any) -> np.ndarray:
    placement = Placement.from_sites({"candidate": Dropout(**{"rate": 0.5, **settings})})
    return draw_masks(placement, NetworkShape(T, B, H, (H,)), seed=7, update=3)["candidate.1"]


def decode_heatmap(figure: dict[str, Any]) -> np.ndarray:
    """Return the values of the heatmap, [H, T]."""
    z = figure["data"][0]["z"]
    assert z["dtype"] == "u1"
    return np.frombuffer(b64decode(z["bdata"]), np.uint8).reshape([int(n) for n in z["shape"].split(",")])


@given(
    st.sampled_from(["step", "sequence"]),
    st.sampled_from(["sample", "batch"]),
    st.sampled_from(["unit", "layer"]),
    st.sampled_from([0.1, 0.5, 0.9]),
    st.integers(0, B - 1),
)
def test_the_heatmap_is_the_mask(time: str, batch: str, units: str, rate: float, sample: int) -> None:
    mask = draw_mask(time=time, batch=batch, units=units, rate=rate)
    figure = plot_mask_heatmap(mask, sample, (T, H), LIGHT)
    expected = np.array(
        [[mask[t % mask.shape[0], sample % mask.shape[1], n % mask.shape[2]] > 0 for t in range(T)] for n in range(H)]
    )
    assert np.array_equal(decode_heatmap(figure), expected)
    assert figure["layout"]["meta"]["kept"] == expected.mean()


def test_kept_is_ink_and_dropped_is_empty() -> None:
    heatmap = plot_mask_heatmap(draw_mask(), 0, (T, H), DARK)["data"][0]
    assert heatmap["colorscale"] == [[0, DARK.dropped], [1, DARK.ink]]
    assert (heatmap["zmin"], heatmap["zmax"]) == (0, 1)


@pytest.mark.parametrize(("scaling", "scale"), [("inverted", "×1.33"), ("test", "×1"), ("none", "×1")])
def test_the_title_says_what_is_kept_and_by_what_it_is_multiplied(scaling: str, scale: str) -> None:
    mask = draw_mask(rate=0.25, scaling=scaling)
    layout = plot_mask_heatmap(mask, 1, (T, H), LIGHT, "candidate · layer 1")["layout"]
    kept = 100 * np.count_nonzero(mask[:, 1]) / (T * H)
    assert layout["title"]["text"] == f"candidate · layer 1 · {kept:.1f} % kept, {scale}"


def test_hovering_says_unit_step_and_what_the_mask_does() -> None:
    heatmap = plot_mask_heatmap(draw_mask(rate=0.25), 0, (T, H), LIGHT)["data"][0]
    assert heatmap["meta"]["says"] == ["dropped, × 0", "kept, × 1.33"], "of the values 0 and 1"
    assert heatmap["hovertemplate"].startswith("unit %{y}, step %{x}: %{text}")


def test_nothing_kept_is_said_as_it_is() -> None:
    figure = plot_mask_heatmap(np.zeros((T, 1, H), np.float32), 0, (T, H), LIGHT)
    assert figure["layout"]["meta"] == {"kept": 0.0, "scale": 1.0}


def test_the_kept_fraction_counts_what_was_drawn() -> None:
    mask = draw_mask(time="sequence")
    assert compute_kept_fraction(mask) == sum(value > 0 for value in mask.flat) / mask.size


@pytest.mark.parametrize("units", [1, 8, 24, 64, 128, 512, 1500])
def test_every_unit_is_equally_high_and_the_data_small(units: int) -> None:
    figure = plot_mask_heatmap(np.ones((60, 1, units), np.float32), 0, (60, units), LIGHT)
    margin = figure["layout"]["margin"]
    pixels = figure["layout"]["height"] - margin["t"] - margin["b"]
    assert pixels % units == 0
    assert pixels <= max(200, units)
    ticks = figure["layout"]["yaxis"]["tickvals"]
    assert len(ticks) == 1 or min(np.diff(ticks)) * pixels / units >= 14, "no number of a unit overlaps the next"
    assert len(json.dumps(figure, allow_nan=False)) < 60 * units * 1.4 + 3000


def test_steps_count_from_zero_and_units_from_one() -> None:
    figure = plot_mask_heatmap(draw_mask(), 0, (T, H), LIGHT)
    assert (figure["data"][0]["x0"], figure["data"][0]["y0"]) == (0, 1)
    assert figure["layout"]["xaxis"]["range"] == [-0.5, T - 0.5]
    assert figure["layout"]["yaxis"]["range"] == [H + 0.5, 0.5], "unit 1 at the top, as in the lanes"


def test_a_mask_of_another_network_is_refused() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        plot_mask_heatmap(draw_mask(), 0, (T, H + 1), LIGHT)
    with pytest.raises(IndexError):
        plot_mask_heatmap(draw_mask(), B, (T, H), LIGHT)


def test_the_sentence_says_whether_the_mask_is_fresh() -> None:
    fresh = describe_mask(draw_mask(), 0, (T, H), "on the candidate of layer 1")
    assert fresh.startswith("Mask on the candidate of layer 1: 7 units over 5 steps, fresh at each step; ")
    assert fresh.endswith("% kept, ×2.")
    assert "the same at every step" in describe_mask(draw_mask(time="sequence"), 0, (T, H), "")


def test_gaussian_factors_are_shown_as_factors() -> None:
    mask = draw_mask(noise="gaussian", scaling="none")
    figure = plot_mask_heatmap(mask, 1, (T, H), LIGHT)
    (trace,) = figure["data"]
    assert "Gaussian factors, mean" in figure["layout"]["title"]["text"]
    assert "kept" not in describe_mask(mask, 1, (T, H), "here")
    factors = np.frombuffer(b64decode(trace["z"]["bdata"]), np.float32).reshape(H, T)
    np.testing.assert_array_equal(factors, mask[:, 1].T)
    assert (trace["zmin"], trace["zmax"]) == (0, 2)


def test_a_zoneout_mask_lets_in_the_new_value_or_keeps_the_old() -> None:
    mask = draw_masks(
        Placement.from_sites({"zoneout_cell": build_dropout("zoneout_cell", 0.5)}), NetworkShape(T, B, H, (H,)), 7, 3
    )["zoneout_cell.1"]
    figure = plot_mask_heatmap(mask, 1, (T, H), LIGHT, old=True)
    assert figure["data"][0]["meta"]["says"] == ["keeps its old value", "takes the new value"]
    assert "take the new value, the others keep the old" in describe_mask(mask, 1, (T, H), "here", old=True)
