"""Callbacks that no later request interrupts: a click counts, however soon another follows.

Streamlit looks for a newer request before it applies the values of the widgets, and at each access to the session's state in
a callback. If there is one for the whole page, the present request ends at once, and a button that was pressed in it was never
pressed.
"""

from functools import cache
from typing import Any

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx


@cache
def protect_callbacks() -> None:
    """Let Streamlit look for newer requests only from when the callbacks of the present one have been called."""
    look: Any = ScriptRunner._maybe_handle_execution_control_request

    def look_after_callbacks(runner: ScriptRunner) -> None:
        context = get_script_run_ctx(suppress_warning=True)
        if context is None or context.has_script_started:
            look(runner)

    ScriptRunner._maybe_handle_execution_control_request = look_after_callbacks  # type: ignore[method-assign, assignment]
