"""The style sheet of the network figure, written into its SVG."""

from dataclasses import asdict

from core.figures.theme import FONT, Theme

_SHEET = """
.net{{font:14px {font};color:{ink}}}
.net text{{fill:{ink}}} .net .net-soft{{fill:{muted}}} .net .net-mid,.net .net-symbol,.net .net-count{{text-anchor:middle}}
.net .net-end{{text-anchor:end}} .net .net-symbol{{font-style:italic}}
.net-band{{fill:{panel}}} .net-reach,.net-wire,.net-path{{fill:none}} .net-reach{{stroke:transparent;stroke-width:7}}
.net-wire{{stroke:{wire};stroke-width:1.4}} .is-masked .net-wire{{stroke-dasharray:3 3}}
.net-path{{stroke:{accent};stroke-width:5;stroke-linejoin:round}} .net-arrow{{fill:{accent}}}
.net-gate,.net-valve{{fill:none;stroke:{primary};stroke-linecap:round}} .net-gate{{stroke-width:2;stroke-dasharray:.1 4}}
.net-valve{{stroke-width:5.5}} .net .net-letter{{fill:{primary};font:italic 600 12px {font};paint-order:stroke;stroke:{paper};
stroke-width:3;stroke-linejoin:round}} .net-letters{{pointer-events:none}}
.net-node rect{{fill:{paper};stroke:{wire};stroke-width:1.1}} .net-node.is-taken rect{{stroke:{accent};stroke-width:2}}
.net-joint{{fill:{wire}}}
.net-mask rect,.net-frame{{fill:{paper};stroke:{line};stroke-width:.9}}
.net-mask.is-crossed rect{{stroke:{accent};stroke-width:2}}
.net-mask path{{stroke:{ink};stroke-width:.8}} .net-stripes{{stroke:{ink};stroke-width:2.4}}
.net-token rect{{fill:{panel};stroke:{line};stroke-width:.9}} .net-token.is-empty rect{{stroke-dasharray:2 3;fill:none}}
.net-token.is-chosen rect{{fill:{accent};stroke:{accent}}} .net-token.is-chosen text{{fill:{on_accent};font-weight:600}}
.net-dots{{fill:{ink}}} .is-chosen .net-dots{{fill:{on_accent}}}
.net-tick{{fill:none;stroke:{good};stroke-width:2.2;stroke-linecap:round;stroke-linejoin:round}}
.net-crossing rect{{fill:{accent};stroke:{paper};stroke-width:1}} .net .net-count{{fill:{on_accent};font-weight:700}}
.net-handle rect{{fill:transparent}} .net .is-held .net-hold{{fill:{accent};fill-opacity:.4}} .net-handle path{{fill:{accent}}}
"""


def build_style_sheet(theme: Theme) -> str:
    """Return the style sheet in the colors of a theme."""
    return _SHEET.format(font=FONT, **asdict(theme))
