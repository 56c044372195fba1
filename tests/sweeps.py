"""Sweeps of a page over every cell: the LSTM in the default suite, the others by `python -m pytest -m slow`.

The results of the engines are tested for all cells in the default suite.
"""

import pytest

from core.dropout.cells import CELLS

LSTM_FIRST = [pytest.param(cell, marks=() if cell == "lstm" else pytest.mark.slow) for cell in CELLS]
