"""The boundary of the pages: an exception that nobody expected shows one calm card and goes to the log once.

Streamlit's own control flow (a rerun, a stop, a switch of the page) is no Exception and passes through.
"""

import copy
import logging
import platform
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib.metadata import version
from typing import Any, TypeVar

import streamlit as st

from core.i18n import _, set_language
from pages.common.turns import hold_turn

LOG = logging.getLogger("dropout")
CRASH = "crash"  # the report of the last exception, until the visitor has chosen how to go on
RERUN = "crash-rerun"  # a fragment has asked for the page to be drawn again
WORKED = "worked"  # the state of the visit after the last page that was drawn without an exception
RUNS = ("run", "previous_run", "earlier", "compared")  # fields of the visit that are not restored
HISTORY = ("undo", "redo")  # fields that are not copied in every run: up to a hundred experiments, which nothing changes
MAX_REPORT_CHARACTERS = 4000  # characters of a report

F = TypeVar("F", bound=Callable[..., Any])


@contextmanager
def guard() -> Iterator[None]:
    """Show a card in place of a page that raises an exception, and log it.

    A page that ends well is remembered as the last that worked.
    """
    if CRASH in st.session_state:
        _show_card()
        st.stop()
    try:
        yield
    except Exception as error:
        _record(error)
        _show_card()
    else:
        _remember()


def guarded_fragment(draw: F) -> F:
    """Return a fragment's function with the guard around it; it is drawn in its turn."""

    @wraps(draw)
    def guarded(*arguments: Any, **named: Any) -> None:
        set_language(st.context.locale or "en")
        if CRASH in st.session_state:
            _draw_page_again()  # the card takes its place
        try:
            with hold_turn():
                draw(*arguments, **named)
        except Exception as error:
            _record(error)
            _draw_page_again()

    return guarded  # type: ignore[return-value]


def guarded_callback(function: F) -> F:
    """Return a widget's callback with the guard around it; the page's language is set, as a callback runs before the page."""

    @wraps(function)
    def guarded(*arguments: Any, **named: Any) -> None:
        set_language(st.context.locale or "en")
        try:
            function(*arguments, **named)
        except Exception as error:
            _record(error)

    return guarded  # type: ignore[return-value]


def _draw_page_again() -> None:
    if st.session_state.get(RERUN):  # the page has no guard, as in a test that runs it alone
        st.stop()
    st.session_state[RERUN] = True
    st.rerun()


def _record(error: Exception) -> None:
    LOG.exception("unexpected-exception", exc_info=error)
    lines = "".join(traceback.format_exception(error))
    versions = {"python": platform.python_version()} | {name: version(name) for name in ("streamlit", "numpy")}
    experiment = st.session_state.get("visit", {}).get("experiment")
    st.session_state[CRASH] = f"{versions}\n{experiment}\n\n{lines[-MAX_REPORT_CHARACTERS:]}"


def _show_card() -> None:
    st.session_state.pop(RERUN, None)
    with st.container(border=True, key="crash"):
        st.markdown(f"### {_('Something went wrong on this page')}")
        st.markdown(
            _(
                "It is a mistake of the program, not yours. Your run goes on and your files are kept. Go on with the last "
                "settings that worked, or start from the default."
            )
        )
        with st.container(horizontal=True):
            st.button(_("Go on"), type="primary", key="crash-go-on", on_click=_go_on)
            st.button(_("Start from the default"), key="crash-default", on_click=_start_over)
        with st.expander(_("A text for a report")):
            st.text_area(
                _("Copy it and send it to whoever runs this app."), st.session_state[CRASH], height=200, key="crash-report"
            )


def _remember() -> None:
    truth = st.session_state.get("visit")
    if truth is not None:
        worked = {name: list(truth[name]) for name in HISTORY if name in truth}
        rest = {name: value for name, value in truth.items() if name not in (*RUNS, *HISTORY)}
        st.session_state[WORKED] = copy.deepcopy(rest) | worked


def _go_on() -> None:
    st.session_state.pop(CRASH, None)
    worked = st.session_state.get(WORKED)
    if worked is not None:
        st.session_state["visit"].update(copy.deepcopy(worked))


def _start_over() -> None:
    st.session_state.pop(CRASH, None)
    st.session_state.pop(WORKED, None)
    st.session_state.pop("visit", None)
