"""The look of the experiments of a study: one color and one dash each, wherever it appears; and its marks in texts."""

from core.experiment.study import MAX_EXPERIMENTS
from core.figures.theme import Theme

# By slot, as SVG writes a dash; "" is solid. No two experiments differ in color alone.
DASHES = ("7 4", "", "13 4", "2 3", "9 3 2 3", "13 3 2 3 2 3", "5 2", "2 6")
assert len(DASHES) == MAX_EXPERIMENTS


def get_slot_color(theme: Theme, slot: int) -> str:
    """Return the color of an experiment; the first one, with which the others are compared at first, is gray."""
    return (theme.previous, *theme.method_colors, theme.ink)[slot % MAX_EXPERIMENTS]


def get_slot_dash(slot: int) -> str:
    """Return the dash of an experiment as SVG writes it, "" for a solid line."""
    return DASHES[slot % MAX_EXPERIMENTS]


def fade_color(color: str, opacity: float) -> str:
    """Return a color of the form #rrggbb with an opacity."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
