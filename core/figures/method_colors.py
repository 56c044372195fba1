"""The color of a method, the same in every figure."""

# By the name of the method; all others share the last color.
COLOR_INDICES = {name: i for i, name in enumerate(("zaremba2014", "naive-state", "naive-cell", "moon2015", "gal2016"))}


def get_color_index(name: str | None) -> int:
    """Return the index of a method's color and dash; all methods without their own, and no method, share the last."""
    return COLOR_INDICES.get(str(name), len(COLOR_INDICES))
