"""The visible run as files: its curves as CSV, all of it as JSON."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from core.experiment.serialization import from_plain
from core.i18n import _
from core.results.provenance import describe_versions
from core.runs.history import unpack_lists
from core.runs.recording import Recorded
from core.store.run_files import to_csv, to_json
from pages.common import visit
from pages.common.escape import escape_markdown
from pages.common.guard import guarded_fragment
from pages.common.service import load_recorded_run
from pages.common.visit_files import select_shared_options
from pages.lab import run_panel, workbench


def draw_run_files() -> None:
    """Draw the button that opens the choice of a file; nothing is built while it is closed."""
    st.fragment(guarded_fragment(_draw))()


def _draw() -> None:
    menu = st.popover(_("Save run"), key="save-run", on_change="rerun")
    if not menu.open:
        return
    with menu:
        run = workbench.get_visible_run()
        if run is None or not visit.select_run_events(run, "record"):
            st.caption(_("There is no run yet: press Play."))
            return
        st.caption(escape_markdown(run_panel.name_visible_run(run)))
        _draw_file_button(
            _("Curves (CSV)"),
            partial(_build_csv, run),
            ("run.csv", "text/csv"),
            _("A row for each update: epoch, losses and validation metrics."),
        )
        _draw_file_button(
            _("Everything (JSON)"),
            partial(_build_json, run),
            ("run.json", "application/json"),
            _("The experiment, all events as the command line prints them, and the versions. “History” opens the file."),
        )


def _draw_file_button(label: str, build: Callable[[], str], file: tuple[str, str], about: str) -> None:
    """Draw a button that saves a file, a name and its type, which is built when the button is pressed."""
    st.download_button(label, build, *file, on_click="ignore", width="stretch")
    st.caption(about)


def _build_csv(run: visit.Run) -> str:
    return to_csv(build_recorded(run))


def _build_json(run: visit.Run) -> str:
    return to_json(run_panel.name_visible_run(run), build_recorded(run))


def build_recorded(run: visit.Run) -> Recorded:
    """Return a run of the visit as a recorded one, without anything of an uploaded file."""
    recorded = load_recorded_run(workbench.DEFAULT) if run["recorded"] else None
    made = {"date": "", "commit": "", "command": "", "versions": describe_versions()}
    experiment = from_plain(select_shared_options(run["began"]))
    return Recorded(experiment, tuple(map(unpack_lists, run["events"])), recorded.made if recorded else made)
