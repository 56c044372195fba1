"""The upload of a file as the data of a task, the choice of its columns, and its removal.

Core checks the file, the service stores it, and the visit knows its path: a path is never a widget's value.
"""

from typing import Any

import streamlit as st

from core.errors import Invalid
from core.experiment import edits
from core.experiment.batches import count_targets, load_data
from core.experiment.experiment import Experiment
from core.experiment.serialization import to_plain
from core.figures.sparkline import render_sparkline
from core.figures.theme import get_theme
from core.i18n import N_, _
from core.runs.file_check_jobs import FileCheckAnswer
from core.tasks import get_task
from core.tasks.classification import TASK as CLASSIFICATION
from core.tasks.classification import count_file_texts
from core.tasks.file_readers import MAX_NAMED_COLUMNS
from core.tasks.number_table import list_columns
from core.tasks.reads import format_reads
from core.tasks.series import TASK as SERIES
from core.tasks.series_file import describe_column, list_series_columns
from core.tasks.task import CORPUS_OPTION, Option, Task
from core.tasks.text_file import MAX_FILE_BYTES, get_display_name
from pages.common import visit
from pages.common.escape import escape_markdown
from pages.common.guard import guarded_callback
from pages.common.service import get_owner, get_service
from pages.common.svg_drawing import draw_svg
from pages.common.widgets import draw_button, draw_choice

TABLES = ("csv", "tsv", "txt")
MAX_NAME_CHARACTERS = 40  # characters of a column's name
# Label of the button and of the uploader: for a text, for a table.
_NAMES = ((N_("Own text"), N_("A text in UTF-8, at most {mb} MB")), (N_("Own CSV"), N_("A CSV file, at most {mb} MB")))
WAIT = 0.2  # seconds between two polls of a check
SPARKLINE_WIDTH = 300
MAX_UPLOAD_MEGABYTES = 6  # a little more than the limit, so that our own message appears for files slightly too large


def list_offered_options(row: Task) -> list[Option]:
    """Return the options of the task that a page offers; with an uploaded file, without those of the built-in data."""
    return [option for option in row.shared_options if not (option.is_builtin_only and _get_path(row))]


def draw_uploader(row: Task) -> None:
    """Draw the upload button; nothing if there is a file already."""
    with st.container(key="own-way"):
        if not _get_path(row):
            _draw_upload_popover(row)


def draw_uploaded_file(row: Task) -> None:
    """Draw the uploaded file, its columns, and why it cannot be used; nothing without a file."""
    path = _get_path(row)
    with st.container(key="own-file"):
        if path:
            draw_button(
                _("Remove {file}").format(file=escape_markdown(get_display_name(path))),
                icon=":material/close:",
                key="own-leave",
                tell=remove_file,
                args=[row.name],
                width="stretch",
                help=_("Back to the task's own data."),
            )
            for option in row.columns:
                _draw_column_choice(row, option)
            if sentence := visit.visit()["files"][row.name]["refusal"]:
                st.error(escape_markdown(" ".join((sentence, _describe_fallback()))))
            elif reads := load_data(visit.get_experiment()).reads:
                st.caption(escape_markdown(format_reads(reads)))
            if row.name == SERIES.name and not visit.visit()["files"][row.name]["columns"]["column"]:
                _draw_series_columns(path)


def is_pending() -> bool:
    """Return whether the task has a file that cannot be used for training yet."""
    file = visit.visit()["files"].get(visit.get_experiment().task)
    return bool(file and file["refusal"])


def describe_use(experiment: Experiment) -> str:
    """Return a sentence on how many uploaded texts each split has; "" if they have no labels."""
    texts = count_file_texts(dict(experiment.options)) if experiment.task == CLASSIFICATION.name else None
    if texts is None:
        return ""
    targets, (every, different) = count_targets(experiment), texts
    again = _(" ({n} different: one that comes again counts once)").format(n=different) if different < every else ""
    return _("Training reads {n} of your {every} texts{again}, validation {val} and test {test}; {labels} labels.").format(
        n=targets["train"],
        every=every,
        again=again,
        val=targets["validation"],
        test=targets["test"],
        labels=load_data(experiment).classes,
    )


def add_file(row: Task, name: str, content: bytes) -> None:
    """Make a file the data of the task. name: its file name. Raises Invalid, and changes nothing, if it cannot be read.

    If the experiment cannot use the file, the reason is shown below it.
    """
    uploads = get_service().uploads
    path = uploads.save_file(get_owner(), name, content)
    checked = None
    try:
        checked = _check_file(row, path)
    finally:
        if checked is None:
            uploads.remove_file(get_owner(), path)
    chosen = _choose_columns(row, checked)
    _store_file(row.name, {"path": path, "names": list(checked.columns), "columns": chosen, "refusal": ""})
    _apply_file(row.name)


def _check_file(row: Task, path: str) -> FileCheckAnswer:
    """Check the file in a process and return the answer. Raises Invalid for a file that cannot be used."""
    checks = get_service().file_checks
    request = checks.submit(path, len(row.columns), st.context.locale or "en", get_owner())
    try:
        while (answer := checks.wait_for_request_answer(request, WAIT)) is not None and answer.is_busy:
            pass  # the queue ends a check that takes too long, or whose visit is over
    finally:
        checks.cancel(get_owner())
    if answer is None or answer.state == "failed":
        raise Invalid(answer.reason if answer else _("The check of the file was interrupted; upload it again."), CORPUS_OPTION)
    return answer


def remove_file(name: str) -> None:
    """Remove the file of a task, which then has its built-in data again."""
    _store_file(name, None)
    row = get_task(name)
    if visit.get_experiment().task == name and CORPUS_OPTION in dict(visit.get_experiment().options):
        shared = {option.name for option in row.shared_options}
        options = {key: value for key, value in visit.get_experiment().options if key in shared}
        visit.edit("own-leave", edits.set_options, options)


def _store_file(name: str, file: dict[str, Any] | None) -> None:
    files = {task: kept for task, kept in visit.visit()["files"].items() if task != name}
    visit.visit()["files"] = files | ({name: file} if file else {})


def _apply_file(name: str) -> None:
    """Set the file and its columns in the experiment; if that is invalid, store the reason with the file."""
    row, file = get_task(name), visit.visit()["files"][name]
    chosen = {key: column for key, column in file["columns"].items() if column}
    shared = {option.name for option in row.shared_options}
    options = {key: value for key, value in visit.get_experiment().options if key in shared}
    try:
        changed = edits.set_options(visit.get_experiment(), options | {CORPUS_OPTION: file["path"]} | chosen)
        load_data(changed)
    except Invalid as invalid:
        option = next((one for one in row.columns if one.name == invalid.field and invalid.cli_hint), None)
        hint = _("Choose one below, under “{label}”.").format(label=_(option.label)) if option else ""
        _store_file(name, file | {"refusal": " ".join(filter(None, (invalid.sentence, hint)))})
        return
    _store_file(name, file | {"refusal": ""})
    visit.open_experiment(to_plain(changed))


def _choose_columns(row: Task, checked: FileCheckAnswer) -> dict[str, str | None]:
    """Return the first choice of columns: those of a link, else the only possible series, or those named like the options."""
    linked = visit.visit()["files_wanted"]
    usual: dict[str, str | None] = {option.name: option.name for option in row.columns}
    if len(row.columns) == 1:
        usual[row.columns[0].name] = checked.series_column
    return {
        name: linked[name] if linked.get(name) in checked.columns else column if column in checked.columns else None
        for name, column in usual.items()
    }


def _get_path(row: Task) -> str:
    """Return the path of the uploaded file of the task; "" for its built-in data."""
    file = visit.visit()["files"].get(row.name)
    return str(file["path"]) if file and get_service().uploads.has_file(get_owner(), file["path"]) else ""


def _draw_upload_popover(row: Task) -> None:
    truth = visit.visit()
    turn = truth.setdefault("upload_turn", 0)
    name, label = _NAMES[bool(row.columns)]
    with st.popover(_(name), width="stretch"), st.container(key="own-bring"):
        if sentence := visit.get_refusal(f"own-{row.name}"):
            st.error(escape_markdown(sentence))
        key = f"own-{row.name}-{turn}"
        st.file_uploader(
            _(label).format(mb=MAX_FILE_BYTES // 10**6),
            type=TABLES if row.columns else None,
            max_upload_size=MAX_UPLOAD_MEGABYTES,
            key=key,
            on_change=guarded_callback(_on_upload),
            args=[row.name, key],
        )
        if row.columns:
            st.caption(_("Columns with commas, semicolons or tabs between them; a first row may name them."))
        st.caption(_("It stays on this server, in a place of your own, until your visit ends. No link carries it."))


def _on_upload(name: str, key: str) -> None:
    """Add the uploaded file. key: of its uploader, which the page may have replaced since."""
    truth, uploaded = visit.visit(), st.session_state.get(key)
    if uploaded is None:
        return
    truth["upload_turn"] = truth.get("upload_turn", 0) + 1  # a new uploader, without the file that this one holds
    truth["invalid"] = None
    try:
        add_file(get_task(name), uploaded.name, uploaded.getvalue())
    except Invalid as invalid:
        truth["invalid"] = {"control": f"own-{name}", "field": invalid.field, "sentence": str(invalid)}


def _draw_column_choice(row: Task, option: Option) -> None:
    file = visit.visit()["files"][row.name]
    draw_choice(
        st.selectbox,
        _(option.label),
        file["names"],
        key=f"option-{row.name}-{option.name}",
        value=file["columns"].get(option.name),
        tell=_set_column,
        args=[row.name, option.name],
        placeholder=_("choose a column"),
        format_func=lambda name: name if len(name) <= MAX_NAME_CHARACTERS else name[: MAX_NAME_CHARACTERS - 1] + "…",
    )


def _draw_series_columns(path: str) -> None:
    """Draw the columns that can be the series, each with its first values and its course, to choose from."""
    for n, column in enumerate(list_series_columns(list_columns(path))[:MAX_NAMED_COLUMNS]):
        st.caption(escape_markdown(describe_column(column)))
        if len(column.preview) > 1:
            draw_svg(render_sparkline(column.preview, get_theme(st.context.theme.type)), f"own-course-{n}", SPARKLINE_WIDTH)


def _set_column(column: str | None, name: str, option: str) -> None:
    file = visit.visit()["files"][name]
    _store_file(name, file | {"columns": file["columns"] | {option: column}})
    _apply_file(name)


def _describe_fallback() -> str:
    """Return a sentence on what the page shows while the file cannot be used."""
    experiment = visit.get_experiment()
    path = str(dict(experiment.options).get(CORPUS_OPTION, ""))
    return _("The page still shows what was there before: {task}, {data}.").format(
        task=_(get_task(experiment.task).label), data=get_display_name(path) if path else _("the data that come with it")
    )
