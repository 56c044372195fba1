"""Access to a page that AppTest has run: its elements, the data of its components, its texts."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Element, UnknownElement

ROOT = Path(__file__).parents[1]


def load_page(file: str, query: dict[str, str]) -> AppTest:
    """Return the page of a script, not yet run, at a link with that query. file: below the root of the repository."""
    page = AppTest.from_file(str(ROOT / file), default_timeout=60)
    for name, value in query.items():
        page.query_params[name] = value
    return page


def check_page(page: AppTest, *components: str) -> AppTest:
    """Return the page if it ran without an exception and has these components."""
    assert [error.value for error in page.exception] == []
    assert "crash" not in page.session_state, page.session_state["crash"]
    assert set(components) <= set(read_components(page))
    return page


def walk_elements(page: AppTest) -> Iterator[Element]:
    """Yield every element of the page."""

    def walk(block: Block) -> Iterator[Element]:
        for child in block.children.values():
            if isinstance(child, Block):
                yield from walk(child)
            else:
                yield child

    yield from walk(page._tree)


def read_components(page: AppTest) -> dict[str, list[Any]]:
    """Return, by the name of a component, the data of each of them on the page; [] for a name that is not there."""
    data: dict[str, list[Any]] = defaultdict(list)
    for element in walk_elements(page):
        if isinstance(element, UnknownElement) and element.type == "bidi_component":
            data[element.proto.component_name].append(json.loads(element.proto.json))
    return data


def read_panel(page: AppTest) -> dict[str, Any]:
    """Return what the panel of the Lab's run shows around the curves."""
    content: dict[str, Any] = json.loads(read_components(page)["run_panel"][0]["content"])
    return content


def read_address(page: AppTest) -> dict[str, str]:
    """Return the query that the page has given its address."""
    return dict(parse_qsl(read_components(page)["address"][-1]["query"], keep_blank_values=True))


def remove_escapes(text: str) -> str:
    """Return a Markdown text as a visitor reads it, without escapes and word joiners."""
    return re.sub(r"\\(.)", r"\1", text).replace("\u2060", "")


def read_text(element: Element) -> str:
    """Return the text of an element as a visitor reads it."""
    return remove_escapes(str(element.value))
