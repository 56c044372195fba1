"""A second visitor, who measures the waits for a page, for ticks and for the server's health during an attack."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.request import urlopen

from tests.load.machine import read_memory
from tests.load.tab import BrowserTab

HEALTH, PAGE = 0.25, 2.0  # seconds between two looks
LONGEST = 60.0  # seconds after which no answer counts as none


@dataclass
class Waits:
    """The seconds waited for each kind of answer; memory: the highest megabytes of the server."""

    page: list[float] = field(default_factory=list)
    tick: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    memory: float = 0.0


class SecondVisitor:
    """A visit with a live page in the Lab; pid: of the server."""

    def __init__(self, url: str, pid: int) -> None:
        self.url, self.pid = url, pid
        self.tab = BrowserTab(url, query="epochs=500")  # a run that does not end meanwhile

    async def open(self) -> None:
        """Open the Lab and press Play."""
        await self.tab.open()
        await (await self.tab.press(self.tab.find("play")[-1])).done

    async def measure(self, attack: "asyncio.Future[Any]") -> Waits:
        """Measure until the attack is over, and until what was asked for meanwhile is answered."""
        waits = Waits()
        self.tab.waits["tick"].clear()
        looks = self._look_at_health(waits, attack), self._look_at_pages(waits, attack), self._look_at_memory(waits, attack)
        await asyncio.gather(*looks)
        waits.tick = [*self.tab.waits["tick"], self.tab.longest_pending("tick")]
        return waits

    async def _look_at_health(self, waits: Waits, attack: "asyncio.Future[Any]") -> None:
        while not attack.done():
            began = time.monotonic()
            await asyncio.to_thread(lambda: urlopen(f"{self.url}/_stcore/health", timeout=LONGEST).close())
            waits.health.append(time.monotonic() - began)
            await asyncio.sleep(HEALTH)

    async def _look_at_pages(self, waits: Waits, attack: "asyncio.Future[Any]") -> None:
        while not attack.done():
            tab = BrowserTab(self.url)
            try:
                async with asyncio.timeout(LONGEST):
                    waits.page.append(await tab.open())
            except TimeoutError:
                waits.page.append(LONGEST)
            await tab.close()
            await asyncio.sleep(PAGE)

    async def _look_at_memory(self, waits: Waits, attack: "asyncio.Future[Any]") -> None:
        while not attack.done():
            waits.memory = max(waits.memory, await asyncio.to_thread(read_memory, self.pid))
            await asyncio.sleep(HEALTH)
