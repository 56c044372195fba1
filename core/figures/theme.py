"""Colours, and from them one Plotly template, for light and for dark. `.streamlit/config.toml` has the same colours.

One grammar everywhere: kept is filled with ink, dropped is empty; the accent is a path or a warning, never a run; each
run has a colour and a line style, the run before is grey. No two things differ in colour alone.
"""

from dataclasses import dataclass
from typing import Any

Figure = dict[str, Any]

FONT = '"Source Sans", "Source Sans Pro", sans-serif'  # what Streamlit brings and serves itself


@dataclass(frozen=True)
class Theme:
    """Colours as #rrggbb. On `paper`, everything that is text (ink, muted, accent, good, previous, runs) has a
    contrast of at least 4.5 : 1, and `wire` one of at least 3 : 1.

    paper: the page. panel: boxes on it. grid: lines behind data. line: edges of boxes. wire: connections. ink: text and
    kept units. dropped: units that are dropped. on_accent: text on the accent. primary: what to press. good: right.
    runs: one colour per run, told apart also by the colour-blind. previous: the runs before.
    more: colours for methods, of which more are compared than runs.
    """

    name: str
    paper: str
    panel: str
    grid: str
    line: str
    wire: str
    ink: str
    muted: str
    accent: str
    on_accent: str
    primary: str
    dropped: str
    good: str
    previous: str
    runs: tuple[str, ...]
    more: tuple[str, ...]

    @property
    def methods(self) -> tuple[str, ...]:
        """One colour per method that is compared."""
        return self.runs + self.more

    @property
    def kept(self) -> str:
        """Kept units are drawn in ink."""
        return self.ink


LIGHT = Theme(
    name="light",
    paper="#ffffff",
    panel="#f4f5f7",
    grid="#e8eaee",
    line="#c8cdd5",
    wire="#848b95",
    ink="#1c1e23",
    muted="#57606a",
    accent="#c25100",
    on_accent="#ffffff",
    primary="#0072b2",
    dropped="#eef0f3",
    good="#00735c",
    previous="#6e7681",
    runs=("#0072b2", "#8f1d63", "#4a6b00", "#3a2a8c"),
    more=("#a217ff", "#481500"),
)

DARK = Theme(
    name="dark",
    paper="#171614",
    panel="#23211f",
    grid="#302e2b",
    line="#4a4641",
    wire="#7d7870",
    ink="#ece9e2",
    muted="#a8a39a",
    accent="#f28e2b",
    on_accent="#171614",
    primary="#56b4e9",
    dropped="#2a2825",
    good="#35c29a",
    previous="#97928a",
    runs=("#56b4e9", "#f7b6dc", "#b9d14a", "#b48cff"),
    more=("#e55646", "#a9f1a0"),
)


def theme(name: str | None) -> Theme:
    """The theme of that name; light for anything but "dark"."""
    return DARK if name == "dark" else LIGHT


def template(theme: Theme) -> Figure:
    """The Plotly template of a theme, for `layout.template`."""
    axis = {
        "gridcolor": theme.grid,
        "linecolor": theme.grid,
        "zerolinecolor": theme.grid,
        "tickfont": {"color": theme.muted},
        "title": {"font": {"color": theme.muted, "size": 13}, "standoff": 6},
        "zeroline": False,
    }
    return {
        "layout": {
            "font": {"family": FONT, "size": 13, "color": theme.ink},
            "title": {"font": {"size": 13, "color": theme.ink}, "x": 0, "xref": "paper", "xanchor": "left"},
            "paper_bgcolor": theme.paper,
            "plot_bgcolor": theme.paper,
            "colorway": list(theme.runs),
            "hoverlabel": {
                "bgcolor": theme.panel,
                "bordercolor": theme.line,
                "font": {"family": FONT, "color": theme.ink, "size": 12},
            },
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": theme.wire, "activecolor": theme.ink},
            "xaxis": axis,
            "yaxis": axis,
            "showlegend": False,
        }
    }
