"""The sparkline of a column. Oracle: the computed position of each point."""

import re
import xml.etree.ElementTree as ET

import pytest

from core.figures.sparkline import HEIGHT, MARGIN, WIDTH, render_sparkline
from core.figures.theme import get_theme


@pytest.mark.parametrize(
    ("values", "heights"),
    [([1, 3, 2], [HEIGHT - MARGIN, MARGIN, HEIGHT / 2]), ([5, 5], [HEIGHT / 2] * 2), ([-1e308, 1e308], [HEIGHT / 2] * 2)],
)
def test_the_line_goes_from_the_least_to_the_most(values: list[float], heights: list[float]) -> None:
    svg = ET.fromstring(render_sparkline(values, get_theme("light")))
    points = [list(map(float, point.split())) for point in re.split("[ML]", svg[0].get("d", ""))[1:]]
    assert [x for x, _y in points] == pytest.approx(
        [MARGIN + n * (WIDTH - 2 * MARGIN) / (len(values) - 1) for n in range(len(values))]
    )
    assert [y for _x, y in points] == pytest.approx(heights)
    assert "Course of the column, between" in svg.get("aria-label", "")
