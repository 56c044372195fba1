"""Where dropout can act, how it is placed, and the masks that are drawn for it. NumPy only."""
