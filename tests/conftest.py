"""Shared fixtures: the app's server, a browser, and an empty page."""

import gc
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[1]
LONGEST = 60.0  # seconds after which the server counts as broken
CHROMIUM = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking")

# Machines that test are busy: an example that takes long is no mistake. In CI every run draws the same examples.
settings.register_profile("default", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("default")
# For the server, the workers and the command line too: two threads on arrays this small wait for each other most of the time.
# Where a test asks for two nevertheless, the one that waits shall sleep.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Nothing is stored among the user's data; the servers and tests that store runs have folders of their own.
os.environ["DTT_STORE"] = "none"


class OneBrowserScheduling(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types here
    """A schedule that keeps all browser tests in one process, and the tests of a file together.

    This applies with several processes (`-n`): the tests of a file share its fixtures, and two browsers at once would be too
    slow on two cores.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return "browser" if file.endswith("_browser.py") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneBrowserScheduling:
    """Return which process runs which tests."""
    return OneBrowserScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the browser's tests, the longest group."""
    items.sort(key=lambda item: not item.path.name.endswith("_browser.py"))


def pytest_collection_finish() -> None:
    """Exclude all present objects from garbage collection, which Streamlit runs after every run of a script.

    Unlike in the app's process, torch and thousands of tests are loaded here, and would be searched each time.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of the app, served by `streamlit run app.py` on a free port as a user would serve it."""
    with _served(tmp_path_factory.mktemp("server") / "log") as address:
        yield address


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[str]:
    """Yield the address of a server that nobody has visited yet."""
    with _served(tmp_path / "log") as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Yield Debian's Chromium. Without it the tests are skipped; in CI they fail."""
    path = shutil.which("chromium")
    if path is None:
        _cannot("Debian's chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Let torch use one thread: small shapes gain nothing from more, and sums keep their order."""
    import torch  # most tests do not need it

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def console_errors() -> list[str]:
    """Return the list to which the errors of the console and the scripts of the test's `page` are added."""
    return []


@pytest.fixture
def requested() -> list[str]:
    """Return the list to which the addresses that the test's `page` requests are added."""
    return []


@pytest.fixture(scope="session")
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """Yield a browser context, 1280 × 720, whose pages share the cache of files and compiled scripts."""
    with browser.new_context(viewport={"width": 1280, "height": 720}) as context:
        yield context


@pytest.fixture
def page(visitor: BrowserContext, console_errors: list[str], requested: list[str]) -> Iterator[Page]:
    """Yield an empty page without stored data or cookies; only the cache of files is kept from earlier tests."""

    def collect_error(message: ConsoleMessage) -> None:
        if message.type == "error":
            console_errors.append(message.text)

    page = visitor.new_page()
    page.on("console", collect_error)
    page.on("pageerror", lambda error: console_errors.append(str(error)))
    page.on("request", lambda request: requested.append(request.url))
    yield page
    _forget(page)
    page.close()


def _forget(page: Page) -> None:
    """Leave the page, and clear its stored data and the cookies."""
    origin = page.evaluate("location.origin")
    page.goto("about:blank")
    session = page.context.new_cdp_session(page)
    session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    session.send("Network.clearBrowserCookies")


@contextmanager
def _served(log: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.headless",
        "true",
        "--server.address",
        "127.0.0.1",
        "--server.port",
        str(port),
    ]
    environment = os.environ | {"DTT_STORE": str(log.parent / "store")}
    with (
        log.open("w") as out,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out, stdin=subprocess.DEVNULL) as process,
    ):
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
