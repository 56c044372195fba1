"""The popover of the Compare page that saves the study: CSV, JSON, scripts, and a report that stands alone."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

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
    # Streamlit calls what makes a file outside of the visit, so that all it needs is taken along.
    study, runs, results, origin = state.get_study(), state.get_runs(), state.get_results(), describe_origin()
    write_data = partial(write_json, study, runs, results, origin)
    with popover:
        st.caption(_("The address of this page is a link to the study. The runs are in these files:"))
        write_report = partial(_write_report, _collect_content(origin), write_data)
        _draw_button(_("Report (HTML), one page that needs no network"), write_report, "comparison.html", "text/html")
        _draw_button(_("Runs (CSV)"), partial(write_csv, study, runs), "comparison.csv", "text/csv")
        _draw_button(_("Study with curves (JSON)"), write_data, "comparison.json", "application/json")
        _draw_button(_("PyTorch scripts (ZIP)"), partial(build_zip, study), "comparison.zip", "application/zip")


def _draw_button(label: str, build: Callable[[], str | bytes], file: str, kind: str) -> None:
    st.download_button(label, build, file, kind, on_click="ignore")


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


def _write_report(content: ReportContent, write_data: Callable[[], str]) -> str:
    return build_report(content, write_data())


def _collect_content(origin: dict[str, str]) -> ReportContent:
    study, update = state.get_study(), state.select_update()
    networks = [
        compare_board.draw_small_network(experiment, update, LIGHT, f"report-{n}")
        for n, (_name, experiment) in enumerate(study.experiments)
    ]
    return ReportContent(
        study,
        state.get_runs(),
        state.get_results(),
        compare_board.list_curves(study),
        {name: state.get_slot(name) for name in study.names},
        networks,
        update,
        origin,
    )
