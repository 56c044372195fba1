"""The experiment as a file: saved as JSON or as a PyTorch or Keras script, and opened from JSON."""

import json
from collections.abc import Callable
from functools import partial

import streamlit as st

from core.errors import Invalid
from core.experiment.batches import load_data
from core.experiment.serialization import from_json, get_missing_file_columns, to_json, to_plain
from core.export import build_script
from core.export.keras_layers import find_keras_obstacle
from core.export.keras_script import build_keras_script
from core.i18n import _
from pages.common import visit
from pages.common.escape import escape_markdown
from pages.common.guard import guarded_callback
from pages.common.visit_files import describe_missing_file

MAX_MEGABYTES = 2  # MB of an experiment's file


def draw_file_buttons() -> None:
    """Draw the buttons that save, and the uploader that opens."""
    experiment = visit.get_experiment()
    st.download_button(
        _("Save this experiment (JSON)"), to_json(experiment), "experiment.json", "application/json", on_click="ignore"
    )
    _draw_script_button(
        _("Save it as a PyTorch script"),
        partial(build_script, experiment),
        "dropout.py",
        _("The model with these masks and its training loop, in plain PyTorch."),
    )
    if obstacle := find_keras_obstacle(experiment):
        st.caption(escape_markdown(obstacle))
    else:
        _draw_script_button(
            _("Save it as a Keras script"),
            partial(build_keras_script, experiment),
            "dropout_keras.py",
            _("The same network with Keras' layers, which draw masks of their own at these places."),
        )
    st.file_uploader(
        _("Open an experiment (JSON)"),
        type="json",
        key="upload",
        max_upload_size=MAX_MEGABYTES,
        on_change=guarded_callback(_on_upload),
    )
    if sentence := visit.get_refusal("upload"):
        st.error(escape_markdown(sentence))


def _draw_script_button(label: str, build: Callable[[], str], file: str, tooltip: str) -> None:
    st.download_button(label, build, file, "text/x-python", on_click="ignore", help=tooltip)


def _on_upload() -> None:
    uploaded = st.session_state.get("upload")
    if uploaded is not None:
        open_file(uploaded.getvalue())


def open_file(content: bytes) -> None:
    """Open the experiment of a JSON file. The present run ends; its curves stay."""
    text = content.decode("utf-8-sig", errors="replace")
    truth = visit.visit()
    try:
        experiment = from_json(text)
        load_data(experiment)
    except Invalid as invalid:
        truth["invalid"] = {"control": "upload", "field": invalid.field, "sentence": str(invalid)}
        return
    data = json.loads(text)
    truth["files_wanted"] = get_missing_file_columns(data) or {}
    visit.set_aside_run()
    visit.open_experiment(to_plain(experiment))
    visit.set_notice(describe_missing_file(data))
