"""The step of each cell, written once, and the engines that run it over time."""
