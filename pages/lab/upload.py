"""A file of one's own as the data of a task: brought, its columns chosen, taken away again.

Reads widgets; core checks the file, and the service keeps it. The session knows where: a path is never a widget's value.
"""

import streamlit as st

from core.errors import Invalid
from core.experiment.batches import count_targets, load_data
from core.experiment.experiment import Experiment
from core.i18n import N_, _, use
from core.tasks import task
from core.tasks.classification import TASK as CLASSIFICATION
from core.tasks.classification import of_own
from core.tasks.file_readers import LARGEST, called, columns, first_series, read_text
from core.tasks.task import CORPUS, Option, Task
from pages.common.escape import plain
from pages.common.service import owner, service

TABLES = ("csv", "tsv", "txt")
SHOWN = 40  # characters of a column's name
# The way to bring one, and what is to be brought: of a text, of a table.
_NAMES = ((N_("Own text"), N_("A text in UTF-8, at most {mb} MB")), (N_("Own CSV"), N_("A CSV file, at most {mb} MB")))
TAKEN = 10  # MB, twice as much as may be kept: up to here a sentence says that a file is too large, beyond it a mere sign


def options(row: Task) -> dict[str, str]:
    """The task's options that say which file, and which of its columns; none where it has its own data."""
    path = _path(row)
    if not path:
        return {}
    chosen = {option.name: st.session_state.get(_key(row, option.name)) for option in row.columns}
    return {CORPUS: path} | {name: str(column) for name, column in chosen.items() if column}


def way(row: Task) -> None:
    """The way to bring a file; nothing while there is one."""
    with st.container(key="own-way"):
        if not _path(row):
            _bring(row)


def show(row: Task) -> None:
    """The file that was brought, and its columns; nothing without one."""
    path = _path(row)
    with st.container(key="own-file"):
        if path:
            st.button(
                _("Leave {file}").format(file=plain(called(path))),
                icon=":material/close:",
                key="own-leave",
                on_click=forget,
                args=[row],
                width="stretch",
                help=_("Back to the task's own data."),
            )
            for option in row.columns:
                _column(row, option, path)


def settings(row: Task) -> list[Option]:
    """The task's options that a page may carry, but for those that mean nothing to the file that was brought."""
    return [option for option in row.shared_options if not (option.native and _path(row))]


def mend(row: Task, invalid: Invalid) -> str:
    """How the page mends it, where it is a column that was not chosen, or not well; else nothing."""
    option = next((option for option in row.columns if option.name == invalid.field and invalid.way), None)
    return _("Choose one below, under “{label}”.").format(label=_(option.label)) if option else ""


def used(experiment: Experiment) -> str:
    """A sentence: which of one's own texts are learned from. Nothing where they have no labels."""
    texts = of_own(dict(experiment.options)) if experiment.task == CLASSIFICATION.name else None
    if texts is None:
        return ""
    asked, (every, different) = count_targets(experiment), texts
    again = _(" ({n} different: one that comes again counts once)").format(n=different) if different < every else ""
    return _("Training reads {n} of your {every} texts{again}, validation {val} and test {test}; {labels} labels.").format(
        n=asked["train"],
        every=every,
        again=again,
        val=asked["validation"],
        test=asked["test"],
        labels=load_data(experiment).classes,
    )


def bring(row: Task, name: str, content: bytes) -> None:
    """Makes a file the data of the task. name: what its owner calls it. Raises Invalid where it can be nobody's, and then
    all stays as it was; whether this very experiment can learn from it is said where experiments are read."""
    uploads = service().uploads
    path = uploads.keep(owner(), name, content)
    try:
        found = [column for column, _missing in columns(path)] if row.columns else []
        read_text(path)
    except Invalid:
        uploads.drop(owner(), path)
        raise
    _use(row, path, found)


def forget(row: Task) -> None:
    """The task has its own data again."""
    for name in (CORPUS, *(option.name for option in row.columns)):
        st.session_state.pop(_key(row, name), None)


def remember(wanted: dict[str, str] | None) -> None:
    """The columns that a link has chosen of a file that it could not carry: they are chosen when the file is brought."""
    st.session_state["own-wanted"] = wanted or {}


def _use(row: Task, path: str, found: list[str]) -> None:
    state, wanted = st.session_state, st.session_state.get("own-wanted", {})
    state[_key(row, CORPUS)] = path
    # With one column to choose, it is a series; of several, each is called as its option where nothing else is said.
    names = {row.columns[0].name: first_series(path)} if len(row.columns) == 1 else {one.name: one.name for one in row.columns}
    for name, usual in names.items():
        choice = wanted.get(name)
        state[_key(row, name)] = choice if choice in found else usual if usual in found else None


def _key(row: Task, name: str) -> str:
    return f"option-{row.name}-{name}"


def _path(row: Task) -> str:
    """The file that the task now learns from; "" for its own data."""
    path = str(st.session_state.get(_key(row, CORPUS)) or "") if row.reads_files else ""
    return path if path and service().uploads.has(owner(), path) else ""


def _bring(row: Task) -> None:
    turn = st.session_state.setdefault("own-turn", 0)
    name, label = _NAMES[bool(row.columns)]
    with st.popover(_(name), width="stretch"), st.container(key="own-bring"):
        if error := st.session_state.get("own-error", {}).get(row.name):
            st.error(plain(error))
        key = f"own-{row.name}-{turn}"
        st.file_uploader(
            _(label).format(mb=LARGEST // 10**6),
            type=TABLES if row.columns else None,
            max_upload_size=TAKEN,
            key=key,
            on_change=_take,
            args=[row.name, key],
        )
        if row.columns:
            st.caption(_("Columns with commas, semicolons or tabs between them; a first row may name them."))
        st.caption(_("It stays on this server, in a place of your own, until your visit ends. No link carries it."))


def _take(name: str, key: str) -> None:
    """key: that of the uploader that tells: an earlier one than is there now, where the browser was quicker than the page."""
    use(st.context.locale or "en")  # a callback runs before the page does
    state, upload = st.session_state, st.session_state.get(key)
    if upload is None:
        return
    state["own-turn"] += 1  # another uploader: this one gives up what it holds
    state["own-error"] = {}
    try:
        bring(task(name), upload.name, upload.getvalue())
    except Invalid as invalid:
        state["own-error"] = {name: str(invalid)}  # of this task's file; another's uploader says nothing of it


def _column(row: Task, option: Option, path: str) -> None:
    names = [column for column, _missing in columns(path)]
    key = _key(row, option.name)
    if st.session_state.get(key) not in names:
        st.session_state[key] = None
    first = 0 if st.session_state[key] else None  # what was chosen can be changed, and not taken back
    st.selectbox(
        _(option.label),
        names,
        index=first,
        key=key,
        persist_state="session",
        placeholder=_("choose a column"),
        format_func=lambda name: name if len(name) <= SHOWN else name[: SHOWN - 1] + "…",
    )
