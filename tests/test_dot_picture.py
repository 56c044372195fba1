"""Pictures of dots. Oracles: the heights of the bars that a task draws, and the Braille block of Unicode."""

import re

import numpy as np
import pytest

from core.figures.dot_picture import describe_dots, is_dot_picture, list_dots, render_dot_picture
from core.tasks.braille import draw_bars, draw_picture


def test_bars_stand_on_the_lowest_row() -> None:
    text = draw_bars([0.0, 0.25, 0.5, 1.0])
    assert is_dot_picture(text)
    assert list_dots(text) == [[row >= 4 - height for row in range(4)] for height in (0, 1, 2, 4)]
    assert describe_dots(text) == "picture; dots by column, of 4: 0 1 2 4"


@pytest.mark.parametrize("seed", range(5))
def test_a_picture_has_the_dots_of_its_text(seed: int) -> None:
    dots = np.random.default_rng(seed).random((4, 8)) < 0.5
    text = draw_picture(dots)
    assert np.array_equal(np.array(list_dots(text)).T, dots)
    squares = re.findall(r"M([\d.]+) ([\d.]+)h", render_dot_picture(text, 100, 10, 16))
    pitch = 4
    places = {(round((float(x) - (100 - pitch * 4)) / pitch), round((float(y) - 10) / pitch)) for x, y in squares}
    assert places == {(column, row) for row, column in np.argwhere(dots).tolist()}


def test_words_are_no_pictures() -> None:
    assert not is_dot_picture("")
    assert not is_dot_picture("of")
    assert describe_dots("of") == "of"
