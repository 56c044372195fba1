"""The light and the dark color theme of all figures, and the Plotly template made from a theme.

`.streamlit/config.toml` holds the same colors. Rules of every figure: a kept unit is filled with ink, a dropped unit is
empty; the accent marks a path or a warning, never a run; each run has a color and a line style, earlier runs are grey.
No two things differ in color alone.
"""

from dataclasses import dataclass
from typing import Any

Figure = dict[str, Any]

FONT = '"Source Sans", "Source Sans Pro", sans-serif'  # Streamlit ships and serves this font itself


@dataclass(frozen=True)
class Theme:
    """Colors as #rrggbb.

    On `paper`, the text colors (ink, muted, accent, primary, good, previous, method_colors) have a contrast of at least
    4.5 : 1, and `wire` has at least 3 : 1.

    paper: background of the page. panel: background of boxes. grid: lines behind the data. line: edges of boxes.
    wire: connections of a network. ink: text and kept units. dropped: dropped units. on_accent: text on the accent.
    primary: buttons. good: correct answers. run_colors: one color per run, distinct also for color-blind readers.
    previous: earlier runs. extra_colors: further colors for methods, since more methods than runs are compared.
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
    run_colors: tuple[str, ...]
    extra_colors: tuple[str, ...]

    @property
    def method_colors(self) -> tuple[str, ...]:
        """Return one color for each method that can be compared."""
        return self.run_colors + self.extra_colors


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
    run_colors=("#0072b2", "#8f1d63", "#4a6b00", "#3a2a8c"),
    extra_colors=("#a217ff", "#481500"),
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
    run_colors=("#56b4e9", "#f7b6dc", "#b9d14a", "#b48cff"),
    extra_colors=("#e55646", "#a9f1a0"),
)


def get_theme(name: str | None) -> Theme:
    """Return the theme with this name: the dark theme for "dark", the light theme for anything else."""
    return DARK if name == "dark" else LIGHT


def build_template(theme: Theme) -> Figure:
    """Return the Plotly template of a theme, the value of `layout.template`."""
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
            "colorway": list(theme.run_colors),
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
