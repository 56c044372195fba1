"""Requests to Streamlit's script runner: none is given up for the next one before its callbacks have been called."""

from unittest.mock import Mock

import pytest
from streamlit.runtime.scriptrunner import RerunException
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests
from streamlit.runtime.state import SafeSessionState, SessionState

from pages.common.callbacks import protect_callbacks


@pytest.mark.parametrize("started", [False, True])
def test_a_newer_request_waits_for_the_callbacks(monkeypatch: pytest.MonkeyPatch, started: bool) -> None:
    protect_callbacks()
    monkeypatch.setattr("pages.common.callbacks.get_script_run_ctx", lambda **_: Mock(has_script_started=started))
    monkeypatch.setattr("streamlit.runtime.scriptrunner.script_runner.get_script_run_ctx", lambda **_: None)
    runner = object.__new__(ScriptRunner)
    runner._requests, runner._execing = ScriptRequests(), True
    monkeypatch.setattr(runner, "_is_in_script_thread", lambda: True)
    state = SafeSessionState(SessionState(), runner._maybe_handle_execution_control_request)
    runner._requests.request_rerun(RerunData())
    if started:
        with pytest.raises(RerunException):
            state["visit"] = 1
    else:
        state.on_script_will_rerun(None)
        state["visit"] = 1
        assert state["visit"] == 1
