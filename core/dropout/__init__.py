"""The sites of dropout, its placement, and the masks that are drawn for it. NumPy only."""
