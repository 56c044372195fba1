"""A link that only the keyboard meets, before all else: from the top of the page to what many come for."""

import streamlit as st

# At the very beginning of the page, before Streamlit's own links: there is one, however often the script runs.
_JS = """
export default function ({ data }) {
  let link = document.querySelector("body > .skip");
  if (!link) {
    link = document.createElement("button");
    link.className = "skip";
    document.body.prepend(link);
  }
  if (link.textContent !== data.text) link.textContent = data.text;
  link.onclick = () => document.querySelector(data.to)?.focus();
}
"""

_mount = st.components.v2.component("skip", html="<span hidden></span>", js=_JS, isolate_styles=False)


def skip(text: str, to: str) -> None:
    """Adds it. to: the CSS selector of what gets the focus. page.css says on which page it is there."""
    _mount(key="skip", data={"text": text, "to": to}, height=1)
