"""Measured runs of the command line, stored in assets/measured/, and the tables made from them."""
