"""The attacks on the app, one function for each: as one visitor or many; it returns the sentences that it was shown.

Each raises AssertionError if the app gave what it should have refused.
"""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from uuid import uuid4

from streamlit.proto.Element_pb2 import Element

from core.dropout.sites import SITES
from tests.load.machine import list_children
from tests.load.tab import BrowserTab
from tests.test_heavy_drawing import LARGE
from tests.test_i18n import write_catalogue

MB = 2**20
# All sites that a path crosses.
NINE = [name for name, site in SITES.items() if site.kind not in ("zoneout", "weights") and "lstm" in site.cells][1:]


@dataclass(frozen=True)
class Target:
    """The server: its address and its process. folder: for files. seconds: how long an attack goes on. sessions: of a crowd."""

    url: str
    pid: int
    folder: Path
    seconds: float
    sessions: int


class Attacker:
    """A tab that remembers the sentences that it is shown."""

    def __init__(self, target: Target, page: str = "", query: dict[str, str] | None = None, locale: str = "en") -> None:
        self.sentences: list[str] = []
        self.texts: list[str] = []
        self.tab = BrowserTab(target.url, self._look, page=page, query=urlencode(query or {}), locale=locale)

    async def open(self) -> "Attacker":
        """Open the page."""
        await self.tab.open()
        return self

    async def press(self, key: str) -> None:
        """Press the button with that key, and wait for the answer."""
        await (await self.tab.press(self.tab.find(key)[-1])).done

    async def upload(self, key: str, name: str, content: bytes) -> None:
        """Bring a file by the uploader with that key, and wait for the answer."""
        await (await self.tab.upload(self.tab.find(key)[-1], name, content)).done

    def _look(self, element: Element) -> None:
        kind = element.WhichOneof("type")
        if kind == "alert":
            self.sentences.append(element.alert.body.replace("\\", ""))
        elif kind == "markdown":
            self.texts.append(element.markdown.body)


async def close_all(attackers: Iterable[Attacker]) -> list[str]:
    """Close the tabs and return what they were told. Raises AssertionError where a page crashed."""
    attackers = list(attackers)
    errors = [error for one in attackers for error in one.tab.errors]
    await asyncio.gather(*(one.tab.close() for one in attackers), return_exceptions=True)
    assert not errors, errors[0]
    return list(dict.fromkeys(sentence for one in attackers for sentence in one.sentences))


async def repeat(target: Target, times: int, act: Callable[[int], Awaitable[None]]) -> None:
    """Run `act` in `times` tasks side by side, each again and again until the time is over."""
    end = time.monotonic() + target.seconds

    async def go_on(lane: int) -> None:
        number = lane
        while time.monotonic() < end:
            await act(number)
            number += times

    await asyncio.gather(*(go_on(lane) for lane in range(times)))


async def attack_nothing(target: Target) -> list[str]:
    """Wait without an attack, to measure how long the second visitor waits alone."""
    await asyncio.sleep(target.seconds)
    return []


async def attack_masks(target: Target) -> list[str]:
    """Open links to the largest masks: beyond the limit, in the Lab too, and four at the limit again and again."""
    beyond = [Attacker(target, "masks", LARGE | {"beside": "step,sequence"}), Attacker(target, "", LARGE)]
    sentences = await close_all(await asyncio.gather(*(one.open() for one in beyond)))
    assert sum("a page draws at most" in sentence for sentence in sentences) == 2, sentences
    largest = LARGE | {"layers": "1", "beside": ""}
    del largest["p_input_weights"]

    async def look(number: int) -> None:
        await close_all([await Attacker(target, "masks", largest | {"mask_seed": str(number)}).open()])

    await repeat(target, 4, look)
    return sentences


async def attack_cells(target: Target) -> list[str]:
    """Upload a CSV file of 5 MB with 200 columns and 2.4 million short rows eight times; half of the tabs close at once."""
    content = (",".join(f"c{n}" for n in range(200)) + "\n" + "1\n" * 2_400_000).encode()
    return await bring_table(target, content, "cells: rows times columns")


async def attack_rows(target: Target) -> list[str]:
    """Upload a column of 1.2 million rows eight times."""
    return await bring_table(target, b"level\n" + b"123\n" * 1_200_000, "more than")


async def bring_table(target: Target, content: bytes, sentence: str) -> list[str]:
    """Bring a table eight times; half of the tabs wait for the answer."""
    tabs = [await Attacker(target, "", {"task": "series", "data_seed": str(n)}).open() for n in range(8)]
    for one in tabs[4:]:
        await one.tab.upload(one.tab.find("own-series-0")[-1], "own.csv", content)
    await close_all(tabs[4:])
    await asyncio.gather(*(one.upload("own-series-0", "own.csv", content) for one in tabs[:4]))
    sentences = await close_all(tabs[:4])
    assert any(sentence in one for one in sentences), sentences
    return sentences


async def attack_paths(target: Target) -> list[str]:
    """Open links with nine sites, L 4, T 256, three at a time, each with other values."""

    async def look(number: int) -> None:
        sharing = {f"p_{site}": "0.1~sequence" if number >> at & 1 else "0.1" for at, site in enumerate(NINE)}
        query = {"task": "delayed-recall", "layers": "4", "hidden": "8", "steps": str(256 - number % 50), **sharing}
        await close_all([await Attacker(target, "path", query | {"path": f"0,0,0,0,{255 - number % 50}"}).open()])

    await repeat(target, 3, look)
    return []


async def attack_memory(target: Target) -> list[str]:
    """Run the largest network, also on an uploaded text with 50,000 words."""
    query = {"task": "language-model", "hidden": "1500", "embedding": "1500", "layers": "4", "batch": "1", "words": "240000"}
    words = " ".join(f"word{n % 50_000}" for n in range(300_000)).encode()
    tabs = [await Attacker(target, "", query).open() for _each in range(3)]
    await tabs[0].upload("own-language-model-0", "own.txt", words)
    for one in tabs:
        await one.press("play")
    await asyncio.sleep(target.seconds)
    return await close_all(tabs)


async def attack_updates(target: Target) -> list[str]:
    """Start a run of a million updates, which is refused, and the longest that is allowed."""
    tiny = {"task": "delayed-recall", "hidden": "2", "layers": "1", "batch": "8"}
    tabs = [await Attacker(target, "", tiny | {"updates": n}).open() for n in ("1000000", "200000", "199999")]
    for one in tabs:
        await one.press("play")
    await asyncio.sleep(2 * target.seconds)
    sentences = await close_all(tabs)
    assert any("here a run may make" in sentence for sentence in sentences), sentences
    return sentences


async def attack_measurements(target: Target) -> list[str]:
    """Ask for a measurement in thirty-one visits that close, then in one that stays."""
    for number in range(31):
        one = await Attacker(target, "path", {"task": "delayed-recall", "hidden": "8", "mask_seed": str(number)}).open()
        await one.press("path-measure")
        await close_all([one])
    stays = await Attacker(target, "path", {"task": "delayed-recall", "hidden": "8", "mask_seed": "99"}).open()
    await stays.press("path-measure")
    sentences = await close_all([stays])
    assert not any("waiting already" in sentence for sentence in sentences), sentences
    return sentences


async def attack_uploads(target: Target) -> list[str]:
    """Upload two hundred files of 5 MB in twenty visits, straight to Streamlit's upload address."""
    content, tabs = uuid4().bytes * (5 * MB // 16 - 1), [await Attacker(target).open() for _each in range(20)]
    for number in range(10):
        for one in tabs:
            with suppress(URLError):
                await one.tab.send_file(f"{number}.csv", content)
    return await close_all(tabs)


async def attack_json(target: Target) -> list[str]:
    """Open files of an experiment with something else in place of a word or a number."""
    one = await Attacker(target).open()
    await (await one.tab.open_folds()).done
    for text in ('{"options": {"reading": []}}', '{"task": {}}', '{"hidden": {"a": 1}}', "[" * 50_000, '{"placement": [1]}'):
        await one.upload("upload", "e.json", text.encode())
    sentences = await close_all([one])
    assert len(sentences) > 1, sentences
    return sentences


async def attack_workers(target: Target) -> list[str]:
    """Kill workers and jobs, or stop them so that they do not answer."""
    end, number = time.monotonic() + target.seconds, 0
    while time.monotonic() < end:
        for child in list_children(target.pid):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGSTOP if number % 3 == 2 else signal.SIGKILL)
        number += 1
        await asyncio.sleep(3)
    return []


async def attack_locale(target: Target) -> list[str]:
    """Send as the language the path of a catalogue."""
    write_catalogue(target.folder / "catalogue", "Masks over time and layers", "Foreign words")
    one = await Attacker(target, "masks", locale=str(target.folder / "catalogue")).open()
    await close_all([one])
    assert not any("Foreign words" in text for text in one.texts)
    return []


async def attack_crowd(target: Target) -> list[str]:
    """Open many tabs in the Lab, whose pages all tick."""
    crowd = [Attacker(target) for _each in range(target.sessions)]
    for one in crowd:
        await one.open()
    await asyncio.sleep(2 * target.seconds)
    return await close_all(crowd)


ATTACKS: dict[str, Callable[[Target], Awaitable[list[str]]]] = {
    "nothing": attack_nothing,
    "masks": attack_masks,
    "cells": attack_cells,
    "rows": attack_rows,
    "paths": attack_paths,
    "memory": attack_memory,
    "updates": attack_updates,
    "measurements": attack_measurements,
    "uploads": attack_uploads,
    "json": attack_json,
    "workers": attack_workers,
    "locale": attack_locale,
    "crowd": attack_crowd,
}


def run_attack(name: str, target: Target) -> tuple[list[str], str]:
    """Run an attack and return the sentences that were shown, and the error if it failed.

    Call it in a process of its own. It has a lower priority than the server and the second visitor, since a real attacker would
    use another machine.
    """
    os.nice(10)
    try:
        return asyncio.run(_attack(name, target)), ""
    except Exception as error:
        return [], f"{type(error).__name__}: {error}"


async def _attack(name: str, target: Target) -> list[str]:
    return await ATTACKS[name](target)
