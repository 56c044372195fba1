"""How fast the engine is, beside the library's own modules, a plain loop, and what the arithmetic alone would take."""
