"""Tests of the colors: WCAG contrast, a simulation of color blindness, and Streamlit's configuration."""

import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from core.figures.theme import DARK, LIGHT, Theme, build_template, get_theme

CONFIG = Path(__file__).parent.parent / ".streamlit" / "config.toml"

# Machado, Oliveira, Fernandes 2009, full severity, on linear RGB.
VISIONS = {
    "usual": np.eye(3),
    "protan": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "tritan": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
both_themes = pytest.mark.parametrize("colors", [LIGHT, DARK], ids=lambda t: t.name)


def to_linear_rgb(color: str) -> np.ndarray:
    channels = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def compute_contrast(a: str, b: str) -> float:
    low, high = sorted(float(XYZ[1] @ to_linear_rgb(color)) for color in (a, b))
    return (high + 0.05) / (low + 0.05)


def to_lab(rgb: np.ndarray) -> np.ndarray:
    f = np.cbrt(XYZ @ np.clip(rgb, 0, 1) / np.array([0.95047, 1, 1.08883]))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@both_themes
def test_text_is_readable(colors: Theme) -> None:
    texts = (colors.ink, colors.muted, colors.accent, colors.primary, colors.good, colors.previous, *colors.method_colors)
    ratios = {color: compute_contrast(color, colors.paper) for color in texts}
    ratios |= {
        "ink on panel": compute_contrast(colors.ink, colors.panel),
        "muted on panel": compute_contrast(colors.muted, colors.panel),
    }
    ratios |= {"on accent": compute_contrast(colors.on_accent, colors.accent)}
    assert min(ratios.values()) >= 4.5, ratios
    assert compute_contrast(colors.wire, colors.paper) >= 3


@both_themes
def test_kept_and_dropped_cannot_be_confused(colors: Theme) -> None:
    assert compute_contrast(colors.ink, colors.dropped) > 10
    assert compute_contrast(colors.dropped, colors.paper) < 1.3, "dropped is empty"


@both_themes
@pytest.mark.parametrize("sight", VISIONS)
def test_runs_and_methods_differ_for_every_eye(colors: Theme, sight: str) -> None:
    lab_colors = {color: to_lab(VISIONS[sight] @ to_linear_rgb(color)) for color in colors.method_colors}
    nearest = min((float(np.linalg.norm(lab_colors[a] - lab_colors[b])), a, b) for a, b in combinations(lab_colors, 2))
    assert nearest[0] > 12, nearest  # ΔE of 1976; 2.3 is just noticeable


@both_themes
def test_streamlit_has_the_same_colors(colors: Theme) -> None:
    configured = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["theme"][colors.name]
    expected = {
        "primaryColor": colors.primary,
        "backgroundColor": colors.paper,
        "secondaryBackgroundColor": colors.panel,
        "textColor": colors.ink,
        "chartCategoricalColors": list(colors.run_colors),
    }
    assert expected.items() <= configured.items()


def test_nothing_comes_from_another_host() -> None:
    text = CONFIG.read_text(encoding="utf-8")
    assert "http" not in text
    assert tomllib.loads(text)["browser"]["gatherUsageStats"] is False


def test_theme_by_name() -> None:
    assert (get_theme("dark"), get_theme("light"), get_theme(None)) == (DARK, LIGHT, LIGHT)
    assert build_template(DARK)["layout"]["paper_bgcolor"] == DARK.paper
