"""The list of the stored runs with what can be done with each. The store is read only while this page is drawn."""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import streamlit as st

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.figures.run_summary import format_metric
from core.i18n import N_, _, ngettext
from core.store.queries import StoredRunSummary
from core.store.run_files import MAX_MEGABYTES, parse_json, to_csv, to_json
from core.store.store import MAX_NAME_LENGTH, Store
from core.tasks import get_task
from core.tasks.metrics import METRICS
from pages.common import visit
from pages.common.escape import escape_markdown
from pages.common.guard import guarded_callback
from pages.common.service import get_owner, get_store
from pages.common.widgets import draw_button, draw_widget
from pages.lab import workbench

PAGE_SIZE = 15  # runs on one page
STATES = {
    "running": N_("not ended"),
    "finished": N_("finished"),
    "stopped": N_("stopped"),
    "failed": N_("failed"),
}
NO_FILE = N_("Runs on an uploaded file are never stored.")


def describe_retention() -> str:
    """Return a sentence on whose runs these are and how long they are stored."""
    store = get_store()
    if store is None:
        return _("This server stores no runs. A run from a file can be laid over the curves of the Lab.")
    days = store.settings.store_days
    if not days:
        return _("What was run in this browser on this server.") + " " + _(NO_FILE)
    kept = ngettext(
        "What was run in this browser on this server in the last {days} day.",
        "What was run in this browser on this server in the last {days} days.",
        int(days),
    )
    return kept.format(days=f"{days:g}") + " " + _(NO_FILE)


def draw_history() -> None:
    """Draw the list, the run that is chosen, and the uploader."""
    store, state = get_store(), _get_state()
    for sentence in store.list_problems() if store else []:
        st.warning(escape_markdown(sentence))
    with st.container(key="history"):
        if store is not None:
            try:
                _draw_runs(store)
            except Invalid as invalid:
                st.error(escape_markdown(invalid))
        _draw_uploader()
    if state["error"]:
        st.error(escape_markdown(state["error"]))
    elif state["message"]:
        st.success(escape_markdown(state["message"]))


def _get_state() -> dict[str, Any]:
    """Return the state of the page: the chosen run, the place of the first, what is to be confirmed, and what was said."""
    new = {"run": "", "offset": 0, "confirm": "", "message": "", "error": "", "turn": 0}
    state: dict[str, Any] = visit.visit()["history"]
    for name, value in new.items():
        state.setdefault(name, value)
    return state


def _draw_runs(store: Store) -> None:
    state, count = _get_state(), store.count_runs(get_owner())
    state["offset"] = min(state["offset"], max(0, count - 1) // PAGE_SIZE * PAGE_SIZE)
    runs = store.list_runs(get_owner(), PAGE_SIZE, state["offset"])
    if not runs:
        st.info(_("Nothing yet. Press Play in the Lab; the run appears here within a second."))
        return
    for run in runs:
        _draw_row(run, is_chosen=run.id == state["run"])
        if run.id == state["run"]:
            _draw_chosen_run(store, run)
    _draw_page_buttons(count)


def _draw_row(run: StoredRunSummary, is_chosen: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"stored-{run.id}"):
        draw_button(
            f"**{escape_markdown(run.name or _describe_experiment(run))}**",
            key=f"choose-{run.id}",
            tell=_choose_run,
            args=["" if is_chosen else run.id],
            type="tertiary",
            icon=":material/expand_more:" if is_chosen else ":material/chevron_right:",
        )
        st.caption(escape_markdown(_describe_run(run)))


def _draw_chosen_run(store: Store, run: StoredRunSummary) -> None:
    with st.container(border=True, key="chosen-run"):
        draw_widget(
            st.text_input,
            _("Name"),
            key=f"name-{run.id}",
            value=run.name,
            tell=_rename_run,
            args=[run.id],
            max_chars=MAX_NAME_LENGTH,
            placeholder=_name_run(run),
        )
        with st.container(horizontal=True, gap="small"):
            draw_button(_("Open in the Lab"), key="open-run", tell=_open_run, args=[run.id, _name_run(run)], type="primary")
            draw_button(
                _("Overlay in the Lab"),
                key="overlay-run",
                tell=_overlay_run,
                args=[run.id, _name_run(run)],
                help=_("Adds its validation curve to those of the Lab, where it can be removed again."),
            )
            _draw_downloads(store, run)
            _draw_delete_button(_("Delete"), run.id)


def _draw_downloads(store: Store, run: StoredRunSummary) -> None:
    # The file is made when it is asked for, by a thread that knows no session.
    owner, name = get_owner(), _name_run(run)
    st.download_button(
        _("Save as CSV"),
        lambda: to_csv(store.read_run(owner, run.id)),
        "run.csv",
        "text/csv",
        key="save-csv",
        on_click="ignore",
    )
    st.download_button(
        _("Save as JSON"),
        lambda: to_json(name, store.read_run(owner, run.id)),
        "run.json",
        "application/json",
        key="save-json",
        on_click="ignore",
    )


def _draw_page_buttons(count: int) -> None:
    state = _get_state()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="history-pages"):
        if count > PAGE_SIZE:
            last = min(state["offset"] + PAGE_SIZE, count)
            st.caption(_("{first} to {last} of {count}").format(first=state["offset"] + 1, last=last, count=count))
            draw_button(_("Newer"), key="newer", tell=_turn_page, args=[-PAGE_SIZE], disabled=state["offset"] == 0)
            draw_button(_("Older"), key="older", tell=_turn_page, args=[PAGE_SIZE], disabled=last == count)
        _draw_delete_button(_("Delete all that is stored of this browser"), "all")


def _draw_delete_button(label: str, what: str) -> None:
    """Draw the button that deletes a run, or "all"; it asks once more."""
    if _get_state()["confirm"] == what:
        draw_button(_("Delete for good"), key=f"confirm-{what}", tell=_delete, args=[what], type="primary")
        draw_button(_("Keep"), key=f"keep-{what}", tell=_ask_to_delete, args=[""])
    else:
        draw_button(label, key=f"delete-{what}", tell=_ask_to_delete, args=[what], icon=":material/delete:")


def _draw_uploader() -> None:
    key = f"run-file-{_get_state()['turn']}"
    st.file_uploader(
        _("Overlay a run from a file (JSON, as saved here)"),
        type="json",
        key=key,
        max_upload_size=MAX_MEGABYTES,
        on_change=guarded_callback(_on_upload),
        args=[key],
        help=_("It is shown in the Lab until your visit ends, and is not stored."),
    )


def _choose_run(run_id: str) -> None:
    _get_state().update(run=run_id, confirm="", message="", error="")


def _turn_page(runs: int) -> None:
    state = _get_state()
    state.update(offset=max(0, state["offset"] + runs), run="", confirm="")


def _ask_to_delete(what: str) -> None:
    _get_state().update(confirm=what, message="", error="")


def _apply(action: Callable[[Store], str]) -> None:
    """Call action(store) and keep the sentence that it returns, or that of its error."""
    state, store = _get_state(), get_store()
    state.update(confirm="", message="", error="")
    if store is None:
        return
    try:
        state["message"] = action(store)
    except Invalid as invalid:
        state["error"] = str(invalid)


def _rename_run(name: str, run_id: str) -> None:
    def rename(store: Store) -> str:
        store.rename_run(get_owner(), run_id, name)
        return ""

    _apply(rename)


def _delete(what: str) -> None:
    def delete(store: Store) -> str:
        if what == "all":
            store.delete_all(get_owner())
            return _("All that was stored of this browser is deleted.")
        store.delete_run(get_owner(), what)
        return _("The run is deleted.")

    _apply(delete)


def _open_run(run_id: str, name: str) -> None:
    def open_in_lab(store: Store) -> str:
        workbench.open_recorded_run(store.read_run(get_owner(), run_id), name)
        visit.visit()["go_to_lab"] = True
        return ""

    _apply(open_in_lab)


def _overlay_run(run_id: str, name: str) -> None:
    def overlay(store: Store) -> str:
        workbench.overlay_run(store.read_run(get_owner(), run_id), name, run_id)
        return _("The curve of “{name}” is in the Lab now.").format(name=name)

    _apply(overlay)


def _on_upload(key: str) -> None:
    """Overlay the run of an uploaded file. key: of its uploader."""
    uploaded, state = st.session_state.get(key), _get_state()
    if uploaded is None:
        return
    state.update(turn=state["turn"] + 1, message="", error="")  # a new uploader, without the file that this one holds
    overlay_file(uploaded.getvalue())


def overlay_file(content: bytes) -> None:
    """Lay the run of a file over the curves of the Lab, or say why it cannot be done."""
    state = _get_state()
    try:
        name, run = parse_json(content)
        workbench.overlay_run(run, name or _("run from a file"), uuid4().hex)
        state["message"] = _("The curve of the file is in the Lab now.")
    except Invalid as invalid:
        state["error"] = str(invalid)


def _name_run(run: StoredRunSummary) -> str:
    """Return the name that the visitor gave the run, else its method and the time of its beginning."""
    return run.name or f"{_name_method(run)}, {_format_time(run.started)}"


def _name_method(run: StoredRunSummary) -> str:
    if run.experiment.method is None:
        return _("own placement")
    return _(METHODS[run.experiment.method].label) if run.experiment.placement.sites else _("no dropout")


def _describe_experiment(run: StoredRunSummary) -> str:
    """Return task and method of a run."""
    return f"{_(get_task(run.experiment.task).label)} · {_name_method(run)}"


def _describe_run(run: StoredRunSummary) -> str:
    """Return time, state, updates and best validation value of a run; task and method if its name does not say them."""
    task = get_task(run.experiment.task)
    parts = [_describe_experiment(run)] if run.name else []
    parts += [_format_time(run.started), _(STATES.get(run.state, run.state))]
    parts.append(ngettext("{n} update", "{n} updates", run.updates).format(n=run.updates))
    if run.best is not None:
        best = _("best validation {metric} {value} at update {update}").format(
            metric=_(METRICS[task.metric].label), value=format_metric(task.metric, run.best), update=run.best_update
        )
        parts.append(best)
    return " · ".join(parts)


def _format_time(seconds: float) -> str:
    """Return a moment, in seconds since 1970, in the time zone of the browser."""
    return datetime.fromtimestamp(seconds, _find_time_zone()).strftime("%Y-%m-%d %H:%M")


def _find_time_zone() -> tzinfo:
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ValueError, OSError, KeyError):  # what a browser calls its time zone comes from outside
        return UTC
