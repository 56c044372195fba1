"""The popovers of the Compare page in which a study is set up: the start set, adding, editing, the seeds."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import streamlit as st

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.experiment import study_edits as edits
from core.experiment.edits import set_method
from core.experiment.experiment import Experiment
from core.experiment.serialization import from_query
from core.experiment.start_study import TASKS, build_start_study
from core.experiment.study import MAX_EXPERIMENTS, Study
from core.i18n import _, ngettext
from core.tasks import get_task
from pages.common.escape import escape_markdown
from pages.common.widgets import draw_button, draw_choice, draw_widget
from pages.lab import compare_state as state

USUAL = "usual"
RATES = (USUAL, "0.1", "0.25", "0.5")


def draw_popovers() -> None:
    """Draw the popovers. Their widgets are built only while they are open."""
    names = state.get_study().names
    start = st.popover(_("Where should dropout go?"), key="compare-start", on_change="rerun")
    if start.open:
        with start:
            _draw_start_set()
    is_full = len(names) >= MAX_EXPERIMENTS
    add = st.popover(_("Add"), icon=":material/add:", key="compare-add", on_change="rerun", disabled=is_full)
    if add.open:
        with add:
            _draw_adding()
    change = st.popover(_("Names and baseline"), key="compare-edit", on_change="rerun")
    if change.open:
        with change:
            _draw_editing()
    seeds = len(state.get_study().seeds)
    label = ngettext("{n} seed", "{n} seeds", seeds).format(n=seeds)
    count = st.popover(label, key="compare-seeds", on_change="rerun")
    if count.open:
        with count:
            _draw_seed_count(seeds)


def _draw_start_set() -> None:
    choice = _get_choice()
    st.caption(_("No dropout and six places for it, everything else alike. It replaces the experiments of this page."))
    draw_choice(
        st.segmented_control,
        _("Task"),
        list(TASKS),
        key="compare-task",
        value=choice["task"],
        tell=_set_choice,
        args=["task"],
        required=True,
        format_func=lambda name: _(get_task(name).label),
    )
    draw_choice(
        st.segmented_control,
        _("Rates"),
        list(RATES),
        key="compare-rate",
        value=choice["rate"],
        tell=_set_choice,
        args=["rate"],
        required=True,
        format_func=lambda rate: _("as the methods set them") if rate == USUAL else _("all {rate}").format(rate=rate),
    )
    with st.container(horizontal=True):
        draw_button(
            _("Quick: 5 of them, 3 seeds"),
            key="compare-quick",
            tell=_open_start_set,
            args=[True],
            help=_("Fewer and shorter runs, to be trained live."),
        )
        draw_button(
            _("Whole: all, 5 seeds"),
            key="compare-whole",
            tell=_open_start_set,
            args=[False],
            help=_("As recorded, where there is a recording; live it takes several minutes."),
        )
    _draw_refusal("compare-quick", "compare-whole")


def _draw_adding() -> None:
    draw_button(
        _("The experiment in the Lab"),
        key="compare-add-lab",
        tell=_add_lab_experiment,
        icon=":material/science:",
        help=_("With its own task, sizes and placement; its seeds are replaced by those of the study."),
    )
    _draw_refusal("compare-add-lab")
    draw_choice(
        st.selectbox,
        _("A method, on the settings of the first experiment"),
        list(METHODS),
        key="compare-add-method",
        value=None,
        tell=_add_method,
        format_func=lambda name: _(METHODS[name].label),
        placeholder=_("Choose a method"),
    )
    _draw_refusal("compare-add-method")
    draw_widget(
        st.text_input,
        _("The link of an experiment, as the Lab's address is"),
        key="compare-add-link",
        value="",
        tell=_add_link,
        placeholder="…/lab?v=1&task=…",
    )
    _draw_refusal("compare-add-link")


def _draw_editing() -> None:
    names = state.get_study().names
    draw_choice(
        st.selectbox,
        _("The others are compared with"),
        names,
        key="compare-baseline",
        value=names[0],
        tell=lambda name: state.edit("compare-baseline", edits.make_baseline, name),
    )
    for name in names:
        slot = state.get_slot(name)
        draw_widget(
            st.text_input,
            _("Name"),
            key=f"compare-name-{slot}",
            value=name,
            tell=_rename,
            args=[name],
            label_visibility="collapsed",
        )
        _draw_refusal(f"rename-{name}")


def _draw_seed_count(seeds: int) -> None:
    draw_widget(
        st.slider,
        _("Seeds of each experiment"),
        1,
        state.MAX_SEEDS,
        key="compare-seed-count",
        value=seeds,
        tell=lambda count: state.edit("compare-seed-count", edits.set_seed_count, int(count)),
    )
    st.caption(
        _(
            "Each seed is another draw of data, initial weights and masks, the same for all experiments. Up to 14 seeds the "
            "paired t test decides, from 15 on the BCa bootstrap; Holm's correction holds for all comparisons together."
        )
    )
    _draw_refusal("compare-seed-count")


def _draw_refusal(*controls: str) -> None:
    if refusal := state.get_refusal(*controls):
        st.error(escape_markdown(refusal))


def _get_choice() -> dict[str, Any]:
    choice: dict[str, Any] = state.get_state().setdefault("choice", {"task": TASKS[0], "rate": USUAL})
    return choice


def _set_choice(value: str, name: str) -> None:
    _get_choice()[name] = value


def _open_start_set(quick: bool) -> None:
    choice = _get_choice()
    rate = None if choice["rate"] == USUAL else float(choice["rate"])
    state.edit("compare-quick", lambda _before: build_start_study(choice["task"], rate, quick))


def _add_lab_experiment() -> None:
    state.add_lab_experiment("compare-add-lab")


def _add_method(name: str) -> None:
    state.edit("compare-add-method", _append_method, name)


def _append_method(study: Study, name: str) -> Study:
    return edits.add_experiment(study, set_method(study.experiments[0][1], name))


def _add_link(address: str) -> None:
    state.edit("compare-add-link", lambda study: edits.add_experiment(study, _read_link(address)))


def _read_link(address: str) -> Experiment:
    query = dict(parse_qsl(urlsplit(address.strip()).query, keep_blank_values=True))
    if not query:
        raise Invalid(_("This is no link of an experiment: it needs a “?” and settings behind it."), "link")
    return from_query(query)


def _rename(new: str, name: str) -> None:
    state.rename(name, new)
