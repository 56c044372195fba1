"""The fast engine: backpropagation through time written by hand, for masks that no library kernel supports."""
