"""The colours, against WCAG's contrast formula, a simulation of colour blindness, and Streamlit's configuration."""

import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from core.figures.theme import DARK, LIGHT, Theme, template, theme

CONFIG = Path(__file__).parent.parent / ".streamlit" / "config.toml"

# Machado, Oliveira, Fernandes 2009, full severity, on linear RGB.
SIGHTS = {
    "usual": np.eye(3),
    "protan": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "tritan": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
both = pytest.mark.parametrize("colours", [LIGHT, DARK], ids=lambda t: t.name)


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    low, high = sorted(float(XYZ[1] @ linear(colour)) for colour in (a, b))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    f = np.cbrt(XYZ @ np.clip(rgb, 0, 1) / np.array([0.95047, 1, 1.08883]))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@both
def test_text_is_readable(colours: Theme) -> None:
    texts = (colours.ink, colours.muted, colours.accent, colours.primary, colours.good, colours.previous, *colours.methods)
    ratios = {colour: contrast(colour, colours.paper) for colour in texts}
    ratios |= {"ink on panel": contrast(colours.ink, colours.panel), "muted on panel": contrast(colours.muted, colours.panel)}
    ratios |= {"on accent": contrast(colours.on_accent, colours.accent)}
    assert min(ratios.values()) >= 4.5, ratios
    assert contrast(colours.wire, colours.paper) >= 3


@both
def test_kept_and_dropped_cannot_be_confused(colours: Theme) -> None:
    assert contrast(colours.kept, colours.dropped) > 10
    assert contrast(colours.dropped, colours.paper) < 1.3, "dropped is empty"


@both
@pytest.mark.parametrize("sight", SIGHTS)
def test_runs_and_methods_differ_for_every_eye(colours: Theme, sight: str) -> None:
    seen = {colour: lab(SIGHTS[sight] @ linear(colour)) for colour in colours.methods}
    nearest = min((float(np.linalg.norm(seen[a] - seen[b])), a, b) for a, b in combinations(seen, 2))
    assert nearest[0] > 12, nearest  # ΔE of 1976; 2.3 is just noticeable


@both
def test_streamlit_has_the_same_colours(colours: Theme) -> None:
    told = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["theme"][colours.name]
    ours = {
        "primaryColor": colours.primary,
        "backgroundColor": colours.paper,
        "secondaryBackgroundColor": colours.panel,
        "textColor": colours.ink,
        "chartCategoricalColors": list(colours.runs),
    }
    assert ours.items() <= told.items()


def test_nothing_comes_from_another_host() -> None:
    text = CONFIG.read_text(encoding="utf-8")
    assert "http" not in text
    assert tomllib.loads(text)["browser"]["gatherUsageStats"] is False


def test_theme_by_name() -> None:
    assert (theme("dark"), theme("light"), theme(None)) == (DARK, LIGHT, LIGHT)
    assert template(DARK)["layout"]["paper_bgcolor"] == DARK.paper
