"""Studies: measuring their runs, their statistics and their tables; and the measured runs of assets/measured/."""
