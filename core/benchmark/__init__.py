"""Timings of the engine beside torch's own modules, Keras, a plain loop and the time that the arithmetic alone takes."""
