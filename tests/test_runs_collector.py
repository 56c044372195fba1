"""The garbage collections of the app's process: its own, not Streamlit's."""

import gc
import threading
import time
import tomllib
import weakref
from pathlib import Path

import pytest

from pages.common import collector

ROOT = Path(__file__).parents[1]


def test_streamlit_does_not_collect_after_every_script_run() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert config["runner"]["postScriptGC"] is False


def test_one_thread_collects_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    collections, frozen = list[float](), list[float]()
    enough = threading.Event()

    def collect() -> None:
        collections.append(time.monotonic())
        if len(collections) == 3:
            enough.set()
            monkeypatch.setattr(collector, "EVERY", 1e6)

    monkeypatch.setattr(gc, "collect", collect)
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(time.monotonic()))
    monkeypatch.setattr(collector, "EVERY", 0.01)
    monkeypatch.setattr(collector, "SETTLED", 0.01)
    collector.start_collector.cache_clear()
    first, second = collector.start_collector(), collector.start_collector()
    assert first is second
    assert first.daemon
    assert enough.wait(10)
    assert len(frozen) == len(collections)
    assert all(map(float.__le__, collections, frozen)), "frozen after each"
    collector.start_collector.cache_clear()


def test_what_has_become_garbage_after_it_was_frozen_is_found_by_a_search_everywhere() -> None:
    class Cycle:
        def __init__(self) -> None:
            self.itself = self

    one = Cycle()
    gone = weakref.ref(one)
    collector._collect_garbage(everywhere=False)
    del one
    collector._collect_garbage(everywhere=False)
    assert gone() is not None, "it is frozen"
    collector._collect_garbage(everywhere=True)
    assert gone() is None
