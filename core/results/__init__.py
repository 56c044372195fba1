"""Runs of the command line that were measured, kept in assets/measured/, and the tables that are made of them."""
