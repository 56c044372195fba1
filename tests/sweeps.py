"""Sweeps of a page over every cell: the LSTM's in every run of the tests, the others' by `python -m pytest -m slow`. What the
engines compute is proved for all cells in every run."""

import pytest

from core.dropout.cells import CELLS

LSTM_FIRST = [pytest.param(cell, marks=() if cell == "lstm" else pytest.mark.slow) for cell in CELLS]
