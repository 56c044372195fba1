"""A student in the Lab, who opens it, presses Play, and moves a rate now and then."""

import asyncio
import random
import re
import time
from dataclasses import dataclass, field

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.Element_pb2 import Element
from websockets.exceptions import WebSocketException

from tests.load.tab import BrowserTab

PROGRESS = re.compile(r"update (\d+) of (\d+)")
BADGE = re.compile(r"-badge\[:material/(\w+):")
SHOWN_RUN = re.compile(r"uirevision\W+([0-9a-f]{32})")
LIVE, ENDED, RECORDED = "play_circle", ("check_circle", "stop_circle"), "history"  # icons of pages/lab/live.py
READING = (1.0, 3.0)  # seconds between the first page and Play
THINKING = (8.0, 25.0)  # seconds between two moves of a slider
MOVES = (0.05, 0.6)  # rates that a slider is moved to


@dataclass
class Student:
    """A visit of a student.

    trains: whether it presses Play; one that does not moves rates only. began: seconds from Play to the first update that the
    page shows, None before it. updates: by run. went_back: what was lost by a fault, "" for nothing. away: whether the tab is
    closed for now.
    """

    url: str
    seed: int
    trains: bool = True
    began: float | None = None
    updates: dict[str, int] = field(default_factory=dict)
    moves: int = 0
    went_back: str = ""
    away: bool = False

    def __post_init__(self) -> None:
        self.tab = BrowserTab(self.url, self._look, self._sum_up, self._read_panel)
        self._random = random.Random(self.seed)
        self._name = self._random.randbytes(16).hex()
        self._moved = 0.0
        self._played: float | None = None
        self._badge, self._update, self._run = "", 0, ""

    async def attend(self, arrival: float, end: float) -> None:
        """Arrive after so many seconds and stay until the clock shows `end`."""
        try:
            async with asyncio.timeout(end - time.monotonic()):
                await asyncio.sleep(arrival)
                await self.tab.open()
                await self.tab.say_name(self._name)
                await asyncio.sleep(self._random.uniform(*READING))
                if self.trains:
                    await self._play()
                while True:
                    await asyncio.sleep(self._random.uniform(*THINKING))
                    await self._act()
        except TimeoutError:
            if not self.tab.waits["page"]:
                self.tab.errors.append("the first page did not come")
        except (asyncio.CancelledError, OSError, WebSocketException) as error:
            if not self.tab.errors:
                self.tab.errors.append(f"{type(error).__name__}: {error}")

    async def reopen(self, away: float, cut: bool = False) -> None:
        """Close the tab and open it again after so many seconds, as a reload does; or lose the connection and connect again."""
        old, self.away, self._badge = self.tab, True, ""
        if cut:
            old.cut()
        else:
            await old.close()
        await asyncio.sleep(away)
        self.tab = BrowserTab(self.url, self._look, self._sum_up, self._read_panel, old.waits, old.errors, old.received)
        self.tab.session = old.session if cut else ""
        await self.tab.open()
        await self.tab.say_name(self._name)
        self.away = False

    @property
    def is_over(self) -> bool:
        """Return whether the run has ended."""
        return self._badge in ENDED

    def has_moved_since(self, moment: float) -> bool:
        """Return whether the page has shown a new update of the run since that moment of the clock."""
        return self._badge == LIVE and self._moved > moment

    async def _act(self) -> None:
        if self.away:
            return
        if self._badge in ENDED:
            await self._play()
            return
        sliders = [name for name in self.tab.find("rate-[a-z_]+") if not self.tab.element(name).disabled]
        if sliders:
            self.moves += 1
            await self.tab.slide(self._random.choice(sliders), round(self._random.uniform(*MOVES), 2))

    async def _play(self) -> None:
        self._played = self._played or time.monotonic()
        if buttons := self.tab.find("play"):
            await self.tab.press(buttons[-1])
        else:
            self.tab.errors.append("no Play button")

    def _look(self, element: Element) -> None:
        kind = element.WhichOneof("type")
        if kind == "markdown" and (badge := BADGE.search(element.markdown.body)):
            self._badge = badge[1]
        elif kind == "alert" and element.alert.format == Alert.ERROR:
            self.tab.errors.append(f"alert: {element.alert.body}")
        elif kind == "bidi_component":
            self._read_panel(element.bidi_component.mixed.json or element.bidi_component.json)

    def _read_panel(self, data: str) -> None:
        """Read which run the panel shows, and its update, from what is sent to it, perhaps among other things."""
        if run := SHOWN_RUN.search(data):
            self._run = run[1]
        if found := PROGRESS.search(data):
            self._update = int(found[1])

    def _sum_up(self) -> None:
        if self._played is None or self._badge not in (LIVE, *ENDED):
            return
        if self._update > 0:
            known = self.updates.get(self._run, 0)
            if self._update < known:
                self.went_back = f"update {self._update} after {known}"
            if self._update > known:
                self._moved = time.monotonic()
            self.updates[self._run] = max(self._update, self.updates.get(self._run, 0))
            self.began = self.began or time.monotonic() - self._played
