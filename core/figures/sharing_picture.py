"""A small picture of how masks are shared: two samples below one another, three time steps beside one another."""

SAMPLES, STEPS, STRIPES = 2, 3, 4
STRIPE, CELL_HEIGHT, GAP = 2.2, 8, 2.6  # in the drawing's units
# Patterns of kept stripes that are distinct at this size, one for each draw.
_PATTERNS = ("1101", "0110", "1011", "1001", "0111", "1110")


def render_sharing_picture(time: str, batch: str) -> str:
    """Return the SVG: a stripe for each kept unit. time, batch: of `Dropout`; equal masks have equal stripes."""
    width, height = STEPS * (STRIPES * STRIPE + GAP) - GAP, SAMPLES * (CELL_HEIGHT + GAP) - GAP
    stripes = []
    for sample in range(SAMPLES):
        for step in range(STEPS):
            draw = (sample if batch == "sample" else 0) * STEPS + (step if time == "step" else 0)
            left, top = step * (STRIPES * STRIPE + GAP), sample * (CELL_HEIGHT + GAP)
            stripes += [
                f"M{left + n * STRIPE:g} {top:g}h{STRIPE - 0.7:g}v{CELL_HEIGHT}h-{STRIPE - 0.7:g}z"
                for n, kept in enumerate(_PATTERNS[draw])
                if kept == "1"
            ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" aria-hidden="true">'
        f'<path d="{"".join(stripes)}" fill="currentColor"/></svg>'
    )
