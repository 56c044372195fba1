"""Backpropagation through time written by hand, for masks that no library kernel knows: the fast engine."""
