"""What a language model writes while it is trained."""

import streamlit as st

from core.experiment.batches import load_data
from core.experiment.serialization import from_plain_cached
from core.i18n import _
from core.tasks.task import SAMPLING_TEMPERATURE
from core.training.events import last_generated_text
from pages.common import visit
from pages.common.escape import plain
from pages.lab import workbench

HEIGHT = 78  # pixels: two lines, so that nothing below moves


def show() -> None:
    """The newest text, or that of the update that was chosen. Nothing where the task is no language model."""
    run = workbench.shown_run()
    with st.container(key="written", gap="xxsmall"):
        if load_data(from_plain_cached(run["began"]) if run else visit.experiment()).text_decoder is None:
            return
        chosen = visit.visit()["update"] if visit.visit()["run"] else None
        found = last_generated_text(run["events"], float("inf") if chosen is None else chosen) if run else None
        st.caption(_about(found[0]) if found else _("What the network writes will stand here, at every evaluation anew."))
        st.code(_line(found[1]) if found else " ", language=None, wrap_lines=True, height=HEIGHT)


def _about(update: int) -> str:
    said = _("Written by the network after update {n}, at temperature {t}, with the same dice at every evaluation")
    return plain(said.format(n=update, t=SAMPLING_TEMPERATURE))


def _line(text: str) -> str:
    return text.replace("\n", "⏎ ")
