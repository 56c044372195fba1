"""Nothing of a visitor's file is left in the app's process, its folder and its store when the visit is over."""

import gc
import sqlite3
import types
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.runs.service import Service
from pages.common.service import get_service, get_store
from tests.test_lab_page import open_lab, upload_file, wait_for_run

NO_DATA = (types.FrameType, types.CodeType, types.CellType, types.FunctionType, type, types.ModuleType)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Service]:
    """A service that forgets a visit as soon as its connection is closed, with a store."""
    get_service.clear()
    get_store.clear()
    monkeypatch.setenv("DTT_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("DTT_GRACE_TIME", "0")
    monkeypatch.setenv("DTT_KEEP_TIME", "0")
    yield get_service()
    get_service().close()
    get_service.clear()
    get_store.clear()


def spell_marker() -> str:
    """Return a word that stands nowhere in the program, not even as a constant of this file."""
    return "".join(reversed("etulfakkouq"))


def make_file(task: str) -> bytes:
    """Return a file of the task's kind that carries the marker."""
    word = spell_marker()
    if task == "series":
        return f"{word}\n".encode() + b"".join(f"{n % 17 * (1 + n % 3)}\n".encode() for n in range(400))
    if task == "classification":
        rows = (f"{word if n % 2 else 'another'} text number {n},{word if n % 2 else 'none'}\n" for n in range(400))
        return ("text,label\n" + "".join(rows)).encode()
    return " ".join(f"the {word} plays a {n % 5} tune ." for n in range(1500)).encode()


def list_holders(word: str) -> list[str]:
    """Return the types of all objects in this process which hold a text with that word, but for frames and code."""
    gc.unfreeze()  # caches that were made before the tests
    gc.collect()
    holders = []
    for one in gc.get_objects():
        if not issubclass(type(one), NO_DATA) and any(has_word(value, word) for value in gc.get_referents(one)):
            holders.append(f"{type(one).__module__}.{type(one).__qualname__}: {str(one)[:200]}")
    gc.freeze()
    return holders


def has_word(value: Any, word: str, depth: int = 3) -> bool:
    """Return whether a text, an array of texts, or a container that the collector does not track holds the word."""
    kind = type(value)  # some of torch's objects warn when isinstance asks for their class
    if issubclass(kind, str):
        return word in value
    if issubclass(kind, bytes | bytearray):
        return word.encode() in value
    if issubclass(kind, np.ndarray):
        return value.dtype.kind in "SUO" and word in str(value.tolist())
    if depth and not gc.is_tracked(value) and issubclass(kind, tuple | dict):
        return any(has_word(part, word, depth - 1) for part in gc.get_referents(value))
    return False


def learn_from_file(task: str) -> AppTest:
    """Return the Lab after a run on a file with the marker, with all that it shows of it."""
    page = open_lab(task=task, hidden="16", epochs="1")
    upload_file(page, f"{spell_marker()}.{'txt' if task == 'language-model' else 'csv'}", make_file(task))
    assert not page.error, page.error[0].value
    page.button(key="play").click().run()
    wait_for_run(page, lambda run: run["state"] == "finished")
    return page


@pytest.mark.parametrize(
    "task", ["language-model", *(pytest.param(task, marks=pytest.mark.slow) for task in ("series", "classification"))]
)
def test_nothing_of_a_file_is_left_when_the_visit_is_over(service: Service, task: str) -> None:
    page = learn_from_file(task)
    owner = page.session_state["owner"]
    (file,) = service.uploads.list_files(owner)
    assert spell_marker() in file.read_text()
    assert list_holders(spell_marker()), "the search finds what is there"
    del page
    service.release(owner)
    while file.exists() or service.uploads.list_files(owner):
        service.tidy()
    assert not list(file.parents[1].iterdir())
    del file
    left = "\n".join(list_holders(spell_marker()))
    assert not left
    assert list_stored_runs() == []
    assert not any(spell_marker().encode() in path.read_bytes() for path in list_store_files())


def test_a_run_on_the_data_of_a_task_is_stored(service: Service) -> None:
    page = open_lab(task="delayed-recall", lag="3", hidden="8", sequences="64", epochs="1")
    page.button(key="play").click().run()
    wait_for_run(page, lambda run: run["state"] == "finished")
    run_id = page.session_state["visit"]["run"]["id"]
    assert list_stored_runs() == [(run_id, "finished")]


def list_store_files() -> list[Path]:
    """Return the files of the store, which holds all that it was given."""
    store = get_store()
    assert store is not None
    store.flush()
    return sorted(store.path.parent.iterdir())


def list_stored_runs() -> list[tuple[str, str]]:
    """Return id and state of all runs in the store."""
    with closing(sqlite3.connect(list_store_files()[0])) as connection:
        return connection.execute("SELECT id, state FROM runs").fetchall()
