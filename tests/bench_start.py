"""Time the start of the app and of a worker, and measure their memory: python -m tests.bench_start.

Not a test; figures for the README. Needs Debian's chromium, and Linux for the memory.
"""

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Browser, sync_playwright

from core.dropout.methods import METHODS
from core.experiment.experiment import build_experiment
from core.experiment.serialization import to_plain
from core.training.events import VERSION
from tests.conftest import CHROMIUM, ROOT

ROUNDS, PORT = 5, 18_501
ADDRESS = f"http://127.0.0.1:{PORT}"
SERVER = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true", "--server.port", str(PORT)]
WORKER = [sys.executable, "-m", "core.runs.worker", "--threads", "1"]
NETWORK, CURVE = "svg.net", ".st-key-curves .scatterlayer .trace path.js-line"
RUNS = {"none": "none", "a mask in the recurrence": "naive-cell", "weights": "merity2017"}


def read_peak(pid: int) -> float:
    """Return the highest memory use of the process so far, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def measure_seconds(act: Callable[[], object]) -> float:
    """Return how many seconds the call takes."""
    begin = time.perf_counter()
    act()
    return time.perf_counter() - begin


def wait_until_up() -> None:
    """Wait until the server answers."""
    while True:
        try:
            urlopen(f"{ADDRESS}/_stcore/health").close()
            return
        except URLError:
            time.sleep(0.02)


def draw(browser: Browser) -> tuple[float, float]:
    """Open the app as a new visitor; return the seconds from the request until the network, and until a curve too is seen."""
    with browser.new_context(viewport={"width": 1280, "height": 720}) as visitor:
        page = visitor.new_page()
        begin = time.perf_counter()
        page.goto(ADDRESS, wait_until="commit")
        page.locator(NETWORK).first.wait_for()
        network = time.perf_counter() - begin
        page.locator(CURVE).first.wait_for()
        return network, time.perf_counter() - begin


@dataclass(frozen=True)
class Start:
    """A start of the server: the seconds until it is up, what `draw` returns for the first visitors, and its peak in MB."""

    up: float
    cold: tuple[float, float]
    warm: tuple[float, float]
    memory: float


def measure_start(browser: Browser) -> Start:
    """Start a server; let a first visitor come, and a second one when all of the first one's page is there."""
    with subprocess.Popen(SERVER, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        up = measure_seconds(wait_until_up)
        cold, warm = draw(browser), draw(browser)
        memory = read_peak(server.pid)
        server.terminate()
    return Start(up, cold, warm, memory)


def measure_worker(method: str) -> tuple[float, float]:
    """Start a worker; return the seconds until it is ready, and its peak memory after 50 updates at H = 128, L = 2, in MB."""
    experiment = build_experiment(
        "language-model", placement=METHODS[method].build_placement(), hidden=128, layers=2, updates=50
    )
    order = {"command": "run", "version": VERSION, "run": "one", "experiment": to_plain(experiment), "show": 0}
    with subprocess.Popen(WORKER, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        ready = measure_seconds(process.stdout.readline)
        print(json.dumps(order), file=process.stdin, flush=True)
        while json.loads(process.stdout.readline())["event"] != "done":
            pass
        memory = read_peak(process.pid)
        process.stdin.close()
    return ready, memory


def main() -> None:
    """Print the medians of several starts."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(CHROMIUM))
        starts = [measure_start(browser) for _round in range(ROUNDS)]
    up, memory = (statistics.median(getattr(start, name) for start in starts) for name in ("up", "memory"))
    print(f"server up after {up:.2f} s; its memory {memory:.0f} MB")
    for name in ("cold", "warm"):
        network, curve = map(statistics.median, zip(*(getattr(start, name) for start in starts), strict=True))
        print(f"on a {name} server the network is seen {network:.2f} s after the request, a curve too after {curve:.2f} s")
    for name, method in RUNS.items():
        ready, memory = map(statistics.median, zip(*(measure_worker(method) for _round in range(ROUNDS)), strict=True))
        print(f"a worker is ready after {ready:.2f} s; its memory with H = 128, {name}: {memory:.0f} MB")


if __name__ == "__main__":
    main()
