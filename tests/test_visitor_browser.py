"""A random visitor in Chromium, with the run live: clicks, selects, drags and types on every page, fast and carelessly.

Nothing may break: no traceback in the server's log, no error box and no card on the page, nothing in the console. A short walk
is in the default suite; `pytest -m slow -k visitor` makes ten of a hundred actions, with new seeds each day, or those from
the environment variable VISITOR_SEED on.
"""

import os
import random
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import ConsoleMessage, Error, Locator, Page, TimeoutError

ROOT = Path(__file__).parents[1]
START = 60.0  # seconds after which the server counts as broken
QUICK = 1500  # milliseconds that an action may wait for what it acts on
PAGES = ("Lab", "Compare", "History", "Masks", "The L+1 path", "Methods", "Paper tables")
TROUBLE = ".stException, .st-key-crash, [data-testid=stAlertContentError]:has-text('Traceback')"
FIRST_SEED = int(os.environ.get("VISITOR_SEED", date.today().toordinal() * 10))
SEEDS = range(FIRST_SEED, FIRST_SEED + 10)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Yield the address of a server of this module's own, and its log."""
    log = tmp_path_factory.mktemp("visitor") / "log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    environment = os.environ | {"DTT_STORE": str(log.parent / "store")}
    with (
        log.open("w") as out,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out, stdin=subprocess.DEVNULL) as process,
    ):
        _wait_until_up(address)
        yield address, log
        process.terminate()


def _wait_until_up(address: str) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        with suppress(OSError), urlopen(f"{address}/_stcore/health"):
            return
    raise AssertionError("the server did not start")


class Visitor:
    """A visitor whose actions on the page are chosen at random."""

    def __init__(self, page: Page, seed: int) -> None:
        self.page, self.random, self.address = page, random.Random(seed), page.url
        self.done: list[str] = []
        self.actions: list[tuple[int, Callable[[], str]]] = [
            (4, self.press_button),
            (4, self.switch),
            (4, self.move_slider_by_key),
            (2, self.drag_slider),
            (4, self.select),
            (2, self.type_number),
            (2, self.go_to_page),
            (1, self.fold),
            (1, self.click_figure),
            (1, self.reload),
            (1, self.back),
            (1, self.undo),
        ]

    def act(self) -> None:
        """Do one thing at random; ignore a failure because the element has gone meanwhile."""
        weights = [weight for weight, _action in self.actions]
        (_weight, action), *_none = self.random.choices(self.actions, weights)
        with suppress(TimeoutError, Error):
            self.done.append(action())

    def press_button(self) -> str:
        button = self.any("[data-testid=stMain] [data-testid=stButton] button:not([disabled])")
        text = button.inner_text(timeout=QUICK)
        button.click(timeout=QUICK)
        return f"press {text!r}"

    def switch(self) -> str:
        toggle = self.any("[data-testid=stCheckbox] label")
        toggle.click(timeout=QUICK)
        return "switch"

    def move_slider_by_key(self) -> str:
        slider = self.any("[role=slider], input[type=range]")
        slider.focus(timeout=QUICK)
        keys = [
            self.random.choice(["ArrowLeft", "ArrowRight", "PageUp", "Home", "End"]) for _n in range(self.random.randint(1, 4))
        ]
        for key in keys:
            self.page.keyboard.press(key)
        return f"slider {keys}"

    def drag_slider(self) -> str:
        slider = self.any("[role=slider]")
        box = slider.bounding_box(timeout=QUICK)
        if box is None:
            return "no slider"
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.down()
        for _n in range(4):
            self.page.mouse.move(box["x"] + self.random.randint(-60, 60), box["y"] + box["height"] / 2)
        self.page.mouse.up()
        return "drag"

    def select(self) -> str:
        box = self.any("[data-testid=stSelectbox] input, [data-testid=stMultiSelect] input")
        box.click(timeout=QUICK)
        option = self.any("[role=option]")
        text = option.inner_text(timeout=QUICK)
        option.click(timeout=QUICK)
        return f"select {text!r}"

    def type_number(self) -> str:
        field = self.any("[data-testid=stNumberInput] input, [data-testid=stTextInput] input")
        text = self.random.choice(["3", "0", "-1", "17", "1e9", "zoneout", "", "0.4"])
        field.fill(text, timeout=QUICK)
        field.press(self.random.choice(["Enter", "Tab"]), timeout=QUICK)
        return f"type {text!r}"

    def go_to_page(self) -> str:
        name = self.random.choice(PAGES)
        find_link(self.page, name).click(timeout=QUICK)
        return f"go to {name}"

    def fold(self) -> str:
        self.any("[data-testid=stPopover] button, [data-testid=stExpander] summary, [role=tab]").click(timeout=QUICK)
        return "fold"

    def click_figure(self) -> str:
        self.any(".net-mask, .net-token, .net-tour, a.to-lab").click(timeout=QUICK, force=True)
        return "figure"

    def reload(self) -> str:
        self.page.reload(wait_until="domcontentloaded")
        return "reload"

    def back(self) -> str:
        way = self.random.choice([self.page.go_back, self.page.go_forward])
        way(wait_until="commit", timeout=QUICK)
        if self.page.url == "about:blank":  # where the visitor came from
            self.page.goto(self.address)
        return way.__name__

    def undo(self) -> str:
        key = self.random.choice(["Control+z", "Control+Shift+Z", "Escape"])
        self.page.keyboard.press(key)
        return key

    def any(self, selector: str) -> Locator:
        """Return any visible element of a selector. Raises Error if there is none."""
        found = [one for one in self.page.locator(selector).all() if one.is_visible()]
        if not found:
            raise Error(f"no {selector}")
        return self.random.choice(found)


def find_link(page: Page, name: str) -> Locator:
    """Return the link to a page in the navigation, by its text: an open menu hides the navigation's roles, not the link."""
    return page.locator("[data-testid=stTopNavLink]", has_text=re.compile(f"^{re.escape(name)}$"))


def _remember(complaints: list[str], message: ConsoleMessage) -> None:
    """Note an error of the console.

    Errors of Streamlit's own page after a reload do not count: it tries several addresses of its server, and a page that is
    left aborts its requests.
    """
    address = message.location.get("url", "")
    if (
        message.type == "error"
        and "/_stcore/" not in address
        and not re.search(r"net::ERR|WebSocket|Failed to fetch", message.text)
    ):
        complaints.append(f"{message.text} ({address})")


def walk(page: Page, address: str, seed: int, actions: int, complaints: list[str]) -> Visitor:
    """Make `actions` random actions as fast as the page accepts them; check after each that nothing is broken."""
    page.on("console", lambda message: _remember(complaints, message))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.locator(".net").first.wait_for(timeout=60_000)
    visitor = Visitor(page, seed)
    for _n in range(actions):
        visitor.act()
        broken = page.locator(TROUBLE)
        assert broken.count() == 0, f"seed {seed}: {broken.first.inner_text()} after {visitor.done[-8:]}"
    find_link(page, "Lab").click()
    page.locator(".net").first.wait_for(timeout=60_000)
    return visitor


def check_that_nothing_broke(page: Page, served: tuple[str, Path], seed: int, actions: int) -> None:
    address, log = served
    complaints: list[str] = []
    visitor = walk(page, address, seed, actions, complaints)
    assert complaints == [], visitor.done
    assert list_own_tracebacks(log.read_text()) == [], f"seed {seed}: {visitor.done}"


def list_own_tracebacks(log: str) -> list[str]:
    """Return the tracebacks of a log that contain the project's own code.

    A server that sends to a page that has just been left writes others of its own.
    """
    blocks = re.split(r"\n(?=\S)", log)
    ours = (str(ROOT / "pages"), str(ROOT / "core"), str(ROOT / "app.py"), "unexpected-exception")
    return [block for block in blocks if "Traceback" in block and any(path in block for path in ours)]


def test_a_random_visitor_breaks_nothing(page: Page, served: tuple[str, Path]) -> None:
    check_that_nothing_broke(page, served, 20261127, 25)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_visitor_breaks_nothing_in_100_actions(page: Page, served: tuple[str, Path], seed: int) -> None:
    check_that_nothing_broke(page, served, seed, 100)
