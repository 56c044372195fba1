"""The popover of the Compare page that saves the study: CSV, JSON, scripts, and a report that stands alone."""

from datetime import UTC, datetime

import streamlit as st

from core.export.study_scripts import build_zip
from core.figures.study_report import ReportContent, build_report
from core.figures.theme import LIGHT
from core.i18n import _
from core.results.study_files import write_csv, write_json
from pages.lab import compare_board
from pages.lab import compare_state as state


def draw_export_popover() -> None:
    """Draw the popover. A file is made when it is asked for."""
    popover = st.popover(_("Export"), key="compare-export", on_change="rerun")
    if not popover.open:
        return
    with popover:
        st.caption(_("The address of this page is a link to the study. The runs are in these files:"))
        st.download_button(_("Report (HTML)"), _build_report, "comparison.html", "text/html", on_click="ignore",
                           help=_("One page with figures, verdicts and settings; it needs no network."))  # fmt: skip
        st.download_button(_("Runs (CSV)"), _build_csv, "comparison.csv", "text/csv", on_click="ignore")
        st.download_button(_("Study with curves (JSON)"), _build_json, "comparison.json", "application/json", on_click="ignore")
        st.download_button(
            _("PyTorch scripts (ZIP)"),
            lambda: build_zip(state.get_study()),
            "comparison.zip",
            "application/zip",
            on_click="ignore",
        )


def describe_origin() -> dict[str, str]:
    """Return where the runs that the page shows come from, by label."""
    recording = state.load_recording()
    if state.is_recorded() and recording:
        made = recording.made
        return {
            _("Recorded"): made["date"],
            _("Machine"): made["machine"],
            _("Commit"): made["commit"],
            _("PyTorch"): made["torch"],
            _("Command"): made["command"],
        }
    return {_("Trained live, written on"): datetime.now(UTC).date().isoformat()}


def _build_csv() -> str:
    return write_csv(state.get_study(), state.get_runs())


def _build_json() -> str:
    return write_json(state.get_study(), state.get_runs(), state.get_results(), describe_origin())


def _build_report() -> str:
    study, update = state.get_study(), state.select_update()
    networks = [
        compare_board.draw_small_network(experiment, update, LIGHT, f"report-{n}")
        for n, (_name, experiment) in enumerate(study.experiments)
    ]
    content = ReportContent(
        study,
        state.get_runs(),
        state.get_results(),
        compare_board.list_curves(study),
        {name: state.get_slot(name) for name in study.names},
        networks,
        update,
        describe_origin(),
    )
    return build_report(content, _build_json())
