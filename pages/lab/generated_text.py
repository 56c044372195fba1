"""The text that a language model generates while it is trained."""

import streamlit as st

from core.experiment.batches import load_data
from core.experiment.serialization import from_plain_cached
from core.i18n import _
from core.tasks.task import SAMPLING_TEMPERATURE
from core.training.events import last_generated_text
from pages.common import visit
from pages.common.escape import escape_markdown
from pages.lab import workbench

HEIGHT = 78  # pixels: two lines, so that nothing below moves


def draw_generated_text() -> None:
    """Draw the newest text, or that of the selected update; nothing where the task is no language model."""
    run = workbench.get_visible_run()
    with st.container(key="written", gap="xxsmall"):
        if load_data(from_plain_cached(run["began"]) if run else visit.get_experiment()).text_decoder is None:
            return
        chosen = visit.visit()["update"] if visit.visit()["run"] else None
        text = last_generated_text(run["events"], float("inf") if chosen is None else chosen) if run else None
        st.caption(
            _describe_update(text[0]) if text else _("The text that the network generates at each evaluation appears here.")
        )
        st.code(text[1].replace("\n", "⏎ ") if text else " ", language=None, wrap_lines=True, height=HEIGHT)


def _describe_update(update: int) -> str:
    sentence = _("Generated after update {n}, at temperature {t}, with the same random numbers at every evaluation")
    return escape_markdown(sentence.format(n=update, t=SAMPLING_TEMPERATURE))
