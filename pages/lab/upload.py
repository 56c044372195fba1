"""A file of one's own as the data of a task: brought, its columns chosen, removed again.

Core checks the file, and the service keeps it. The visit knows where: a path is never a widget's value.
"""

from typing import Any

import streamlit as st

from core.errors import Invalid
from core.experiment import edits
from core.experiment.batches import count_targets, load_data
from core.experiment.experiment import Experiment
from core.experiment.serialization import to_plain
from core.i18n import N_, _
from core.tasks import get_task
from core.tasks.classification import TASK as CLASSIFICATION
from core.tasks.classification import count_file_texts
from core.tasks.file_readers import MAX_FILE_BYTES, find_first_series, get_display_name, list_csv_columns, read_text
from core.tasks.task import CORPUS_OPTION, Option, Task
from pages.common import visit
from pages.common.escape import plain
from pages.common.guard import guarded_callback
from pages.common.service import owner, service
from pages.common.widgets import button, choice

TABLES = ("csv", "tsv", "txt")
SHOWN = 40  # characters of a column's name
# The way to bring one, and what is to be brought: of a text, of a table.
_NAMES = ((N_("Own text"), N_("A text in UTF-8, at most {mb} MB")), (N_("Own CSV"), N_("A CSV file, at most {mb} MB")))
TAKEN = 10  # MB, twice as much as may be kept: up to here a sentence says that a file is too large, beyond it a mere sign


def offered_options(row: Task) -> list[Option]:
    """Return the task's options that a page may carry, but for those that mean nothing to the file that was brought."""
    return [option for option in row.shared_options if not (option.is_builtin_only and _path(row))]


def show_uploader(row: Task) -> None:
    """Draw the way to bring a file; nothing while there is one."""
    with st.container(key="own-way"):
        if not _path(row):
            _uploader(row)


def show(row: Task) -> None:
    """Draw the file that was brought, its columns, and why it cannot be learned from; nothing without one."""
    path = _path(row)
    with st.container(key="own-file"):
        if path:
            button(
                _("Remove {file}").format(file=plain(get_display_name(path))),
                icon=":material/close:",
                key="own-leave",
                tell=remove,
                args=[row.name],
                width="stretch",
                help=_("Back to the task's own data."),
            )
            for option in row.columns:
                _column(row, option, path)
            if sentence := visit.visit()["files"][row.name]["refusal"]:
                st.error(plain(" ".join((sentence, _what_stands()))))


def is_pending() -> bool:
    """Whether the task in hand has a file that it cannot learn from yet."""
    file = visit.visit()["files"].get(visit.experiment().task)
    return bool(file and file["refusal"])


def describe_use(experiment: Experiment) -> str:
    """Return a sentence on which of one's own texts are learned from; "" where they have no labels."""
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


def bring(row: Task, name: str, content: bytes) -> None:
    """Make a file the data of the task. name: what its owner calls it. Raises Invalid where it is no file to read, and then
    all stays as it was; whether this very experiment can learn from it is said beside it."""
    uploads = service().uploads
    path = uploads.keep(owner(), name, content)
    try:
        found = [column for column, _missing in list_csv_columns(path)] if row.columns else []
        read_text(path)
    except Invalid:
        uploads.drop(owner(), path)
        raise
    _keep(row.name, {"path": path, "columns": _choose_columns(row, path, found), "refusal": ""})
    _use(row.name)


def remove(name: str) -> None:
    """Give the task its own data again."""
    _keep(name, None)
    row = get_task(name)
    if visit.experiment().task == name and CORPUS_OPTION in dict(visit.experiment().options):
        shared = {option.name for option in row.shared_options}
        own = {key: value for key, value in visit.experiment().options if key in shared}
        visit.edit("own-leave", edits.set_options, own)


def _keep(name: str, file: dict[str, Any] | None) -> None:
    files = {task: kept for task, kept in visit.visit()["files"].items() if task != name}
    visit.visit()["files"] = files | ({name: file} if file else {})


def _use(name: str) -> None:
    """Have the experiment learn from the file; where it cannot, the reason stands beside the file."""
    row, file = get_task(name), visit.visit()["files"][name]
    chosen = {key: column for key, column in file["columns"].items() if column}
    shared = {option.name for option in row.shared_options}
    own = {key: value for key, value in visit.experiment().options if key in shared}
    try:
        changed = edits.set_options(visit.experiment(), own | {CORPUS_OPTION: file["path"]} | chosen)
        load_data(changed)
    except Invalid as invalid:
        option = next((one for one in row.columns if one.name == invalid.field and invalid.cli_hint), None)
        mend = _("Choose one below, under “{label}”.").format(label=_(option.label)) if option else ""
        _keep(name, file | {"refusal": " ".join(filter(None, (invalid.sentence, mend)))})
        return
    _keep(name, file | {"refusal": ""})
    visit.open_experiment(to_plain(changed))


def _choose_columns(row: Task, path: str, found: list[str]) -> dict[str, str | None]:
    """Return the columns to begin with: those that a link has named, else the first series, or those called as options."""
    wanted = visit.visit()["files_wanted"]
    usual: dict[str, str | None] = {option.name: option.name for option in row.columns}
    if len(row.columns) == 1:
        usual[row.columns[0].name] = find_first_series(path)
    return {
        name: wanted[name] if wanted.get(name) in found else column if column in found else None
        for name, column in usual.items()
    }


def _path(row: Task) -> str:
    """Return the file that was brought for the task; "" for its own data."""
    file = visit.visit()["files"].get(row.name)
    return str(file["path"]) if file and service().uploads.has(owner(), file["path"]) else ""


def _uploader(row: Task) -> None:
    truth = visit.visit()
    turn = truth.setdefault("upload_turn", 0)
    name, label = _NAMES[bool(row.columns)]
    with st.popover(_(name), width="stretch"), st.container(key="own-bring"):
        if sentence := visit.refusal(f"own-{row.name}"):
            st.error(plain(sentence))
        key = f"own-{row.name}-{turn}"
        st.file_uploader(
            _(label).format(mb=MAX_FILE_BYTES // 10**6),
            type=TABLES if row.columns else None,
            max_upload_size=TAKEN,
            key=key,
            on_change=guarded_callback(_on_upload),
            args=[row.name, key],
        )
        if row.columns:
            st.caption(_("Columns with commas, semicolons or tabs between them; a first row may name them."))
        st.caption(_("It stays on this server, in a place of your own, until your visit ends. No link carries it."))


def _on_upload(name: str, key: str) -> None:
    """key: that of the uploader that tells: an earlier one than is there now, where the browser was quicker than the page."""
    truth, uploaded = visit.visit(), st.session_state.get(key)
    if uploaded is None:
        return
    truth["upload_turn"] = truth.get("upload_turn", 0) + 1  # another uploader: this one gives up what it holds
    truth["invalid"] = None
    try:
        bring(get_task(name), uploaded.name, uploaded.getvalue())
    except Invalid as invalid:
        truth["invalid"] = {"control": f"own-{name}", "field": invalid.field, "sentence": str(invalid)}


def _column(row: Task, option: Option, path: str) -> None:
    names = [column for column, _missing in list_csv_columns(path)]
    value = visit.visit()["files"][row.name]["columns"].get(option.name)
    choice(
        st.selectbox,
        _(option.label),
        names,
        key=f"option-{row.name}-{option.name}",
        value=value,
        tell=_choose_column,
        args=[row.name, option.name],
        index=None if value is None else 0,  # what was chosen can be changed, and not taken back
        placeholder=_("choose a column"),
        format_func=lambda name: name if len(name) <= SHOWN else name[: SHOWN - 1] + "…",
    )


def _choose_column(column: str | None, name: str, option: str) -> None:
    file = visit.visit()["files"][name]
    _keep(name, file | {"columns": file["columns"] | {option: column}})
    _use(name)


def _what_stands() -> str:
    """Return what the page shows as long as the file cannot be learned from."""
    experiment = visit.experiment()
    path = str(dict(experiment.options).get(CORPUS_OPTION, ""))
    return _("The page still shows what was there before: {task}, {data}.").format(
        task=_(get_task(experiment.task).label), data=get_display_name(path) if path else _("the data that come with it")
    )
