"""The mounting of the components in assets/components: NAME.js, and NAME.css if there is one."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.common.guard import guarded_callback

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

# Behind each script: new data can come by a tick as well as by a call of Streamlit's (pages/common/news.py).
_TAKE_NEWS = """
export default function (component) {
  const place = component.parentElement;
  place.dataset.takesNews = "";
  place.takeNews = (data) => drawComponent({ ...component, data });
  return drawComponent(component);
}
"""
_FOLDER = Path(__file__).parents[2] / "assets" / "components"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)


def mount_component(name: str, html: str = "<span hidden></span>") -> "ComponentRenderer":
    """Register the component `name` with the HTML that it works on; return the function that puts it on a page.

    Call it when a module is imported. The component is not isolated: its style sheet and the page's apply to both.
    """
    script = read_script(name).replace("export default function (", "function drawComponent(")
    css = read_style(name) if (_FOLDER / f"{name}.css").exists() else None
    return st.components.v2.component(name, html=html, css=css, js=script + _TAKE_NEWS, isolate_styles=False)


def read_script(name: str, included: set[str] | None = None) -> str:
    """Return NAME.js with the scripts that it imports in place of the imports: Streamlit serves each component as one text.

    included: the scripts that the text has already; each is in it once, whichever import comes first.
    """
    included = set() if included is None else included
    script = (_FOLDER / f"{name}.js").read_text(encoding="utf-8")

    def include(match: re.Match[str]) -> str:
        if match[1] in included:
            return ""
        included.add(match[1])
        return re.sub("^export ", "", read_script(match[1], included), flags=re.MULTILINE)

    return _IMPORT.sub(include, script)


def read_style(name: str) -> str:
    """Return the style sheet NAME.css."""
    return (_FOLDER / f"{name}.css").read_text(encoding="utf-8")


def make_value_callback(key: str, name: str, on_value: Callable[[Any], object]) -> Callable[[], None]:
    """Return a callback for on_NAME_change of the component with that key; it calls on_value(value) if there is a value."""

    def report() -> None:
        sent = st.session_state.get(key)  # None where the visitor has left the page meanwhile
        value = sent.get(name) if sent else None
        if value is not None:
            on_value(value)

    return guarded_callback(report)
