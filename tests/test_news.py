"""The message of a tick. Oracle, by hand: which components' data are new to a browser that has received earlier messages."""

from typing import Any

from streamlit.testing.v1 import AppTest

from tests.app_pages import read_components


def send(page: AppTest, parts: dict[str, Any], *, mounts: bool = False, received: int | None = None) -> dict[str, Any]:
    """Return the parts that a message with these data brings. received: what the browser says before it."""
    page.session_state["given"] = {"parts": parts, "mounts": mounts, "received": received}
    page.run()
    assert not page.exception
    return dict(page.session_state["brought"])


def make_page() -> AppTest:
    def script() -> None:
        import streamlit as st

        from pages.common import news
        from pages.common.live_text import draw_live_text
        from pages.common.ticker import _begin_tick, draw_ticker

        given = st.session_state["given"]
        if given["mounts"]:
            news.begin_message(mounts=True)
        else:
            _begin_tick(given["received"])
        brought = {}
        if news.is_mounting():
            for key, text in given["parts"].items():
                draw_live_text(text, key)
        else:
            with news.collect() as brought:
                for key, text in given["parts"].items():
                    draw_live_text(text, key)
        draw_ticker(0.5, brought)
        st.session_state["brought"] = {key: data["text"] for key, data in brought.items()}

    return AppTest.from_function(script)


def test_a_tick_brings_what_has_changed_and_mounts_only_the_ticker() -> None:
    page = make_page()
    assert send(page, {"a": "one", "b": "two"}, mounts=True) == {}
    assert len(read_components(page)["live_text"]) == 2
    assert send(page, {"a": "one", "b": "three"}, received=1) == {"b": "three"}
    assert set(read_components(page)) == {"ticker"}
    assert send(page, {"a": "one", "b": "three"}, received=2) == {}


def test_what_the_browser_has_not_received_is_sent_again() -> None:
    page = make_page()
    send(page, {"a": "one"}, mounts=True)
    assert send(page, {"a": "two"}, received=1) == {"a": "two"}
    assert send(page, {"a": "two"}, received=1) == {"a": "two"}
    assert send(page, {"a": "two"}, received=3) == {}


def test_garbage_from_the_browser_acknowledges_nothing_that_was_not_sent() -> None:
    page = make_page()
    send(page, {"a": "one"}, mounts=True)
    assert send(page, {"a": "two"}, received=10**9) == {"a": "two"}
    assert send(page, {"a": "two"}, received="nonsense") == {"a": "two"}  # type: ignore[arg-type]


def test_mounted_again_with_the_data_of_the_last_time_a_component_is_called_where_a_tick_came_between() -> None:
    page = make_page()
    send(page, {"a": "one"}, mounts=True)
    (first,) = read_components(page)["live_text"]
    send(page, {"a": "one"}, mounts=True)
    assert read_components(page)["live_text"] == [first]
    send(page, {"a": "two"}, received=2)
    send(page, {"a": "one"}, mounts=True)
    assert read_components(page)["live_text"] != [first]
