"""The recurrent cells: their names, gates and labels. One row a cell."""

from core.i18n import N_

# The gates of a cell, in the order of the blocks of its weights; a plain RNN has its candidate alone.
GATES = {"lstm": ("i", "f", "g", "o"), "gru": ("r", "z", "g"), "rnn": ("g",), "rnn-logistic": ("g",)}
CELLS = tuple(GATES)
CELL_LABELS = {"lstm": N_("LSTM"), "gru": N_("GRU"), "rnn": N_("RNN (tanh)"), "rnn-logistic": N_("RNN (logistic)")}
