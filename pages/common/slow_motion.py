"""Slow motion as a component: the phases of one update, played by the browser without the server."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from core.figures.slow_motion import SlowMotionFrame
from core.figures.update_phases import PHASES
from core.i18n import _
from pages.common.component import mount_component

HTML = """<section class="slow">
<div class="slow-bar"><ol class="slow-phases"></ol><div class="slow-controls">
<button type="button" data-does="previous"></button><button type="button" data-does="play"></button>
<button type="button" data-does="next"></button></div></div>
<div class="slow-stage"><div class="slow-figure" tabindex="0" role="group"></div>
<div class="slow-side"><pre class="slow-equation"></pre><p class="slow-says" role="status"></p>
<div class="slow-weights"></div></div></div>
</section>"""

_mount = mount_component("slow_motion", HTML)


def draw_slow_motion(
    stage: str, weights: str, frames: Sequence[SlowMotionFrame], equations: Mapping[str, str], key: str, bring: bool = False
) -> None:
    """Draw the timeline and its phases. stage, weights: SVG. equations: by phase. bring: whether to scroll to it."""
    # Tuples: for lists, Streamlit would import pandas, half a second of the first page.
    phases = tuple({"name": name, "label": _(words), "equation": equations[name]} for name, words in PHASES.items())
    words = {
        "play": _("Play the update"),
        "pause": _("Pause"),
        "previous": _("Previous"),
        "next": _("Next"),
        "figure": _("One update, step by step: the arrow keys go on and back"),
    }
    _mount(
        key=key,
        data={
            "stage": stage,
            "weights": weights,
            "frames": tuple(map(asdict, frames)),
            "phases": phases,
            "words": words,
            "bring": bring,
        },
    )
