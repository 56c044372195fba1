"""What several tests share: the real server of the app, and a real browser to look at it."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

ROOT = Path(__file__).parents[1]
LONGEST = 60.0  # seconds after which the server counts as broken
CHROMIUM = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking")

# Machines that test are busy: an example that takes long is no mistake. In CI every run draws the same examples.
settings.register_profile("default", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("default")
# For the server, the workers and the command line too: threads that wait shall sleep.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app, served as a user would serve it: by `streamlit run app.py`, on a free port."""
    with _served(tmp_path_factory.mktemp("server") / "log") as address:
        yield address


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[str]:
    """The address of a server that nobody has visited yet."""
    with _served(tmp_path / "log") as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Without it the tests are skipped; in CI they fail."""
    path = shutil.which("chromium")
    if path is None:
        _cannot("Debian's chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM))
        yield browser
        browser.close()


@pytest.fixture
def console_errors() -> list[str]:
    """What the console and the scripts of the test's `page` have complained of so far."""
    return []


@pytest.fixture
def requested() -> list[str]:
    """The addresses that the test's `page` has asked for so far."""
    return []


@pytest.fixture
def page(browser: Browser, console_errors: list[str], requested: list[str]) -> Iterator[Page]:
    """The empty page of a visitor who was never here before, 1280 × 720."""

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            console_errors.append(message.text)

    with browser.new_context(viewport={"width": 1280, "height": 720}) as context:
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: console_errors.append(str(error)))
        page.on("request", lambda request: requested.append(request.url))
        yield page


@contextmanager
def _served(log: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true",
               "--server.address", "127.0.0.1", "--server.port", str(port)]  # fmt: skip
    with log.open("w") as out, subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, stdin=subprocess.DEVNULL) as process:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", process, log)
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + LONGEST
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(address, timeout=LONGEST):
                return
        except URLError:
            time.sleep(0.05)
    process.kill()
    pytest.fail(f"The server did not start:\n{log.read_text()}")


def _cannot(reason: str) -> NoReturn:
    if "CI" in os.environ:
        pytest.fail(reason)
    pytest.skip(reason)
