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
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright

from core.dropout.methods import METHODS
from core.experiment.experiment import build_experiment
from core.experiment.serialization import to_plain
from core.training.events import VERSION
from tests.conftest import CHROMIUM, ROOT

ROUNDS, PORT = 5, 18_501
ADDRESS = f"http://127.0.0.1:{PORT}"
SERVER = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true", "--server.port", str(PORT)]
WORKER = [sys.executable, "-m", "core.runs.worker", "--threads", "1"]
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


def draw(page: Page) -> None:
    """Open the app and wait until the network is drawn."""
    page.goto(ADDRESS)
    page.locator("svg.net").first.wait_for()


def measure_first_page(page: Page) -> tuple[float, float, float]:
    """Start a server and open the app; return seconds until it is up, seconds from then until the network is drawn, and MB."""
    with subprocess.Popen(SERVER, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        up = measure_seconds(wait_until_up)
        drawn = measure_seconds(lambda: draw(page))
        memory = read_peak(server.pid)
        page.close()  # one that stays open would visit the next server, too
        server.terminate()
    return up, drawn, memory


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
        starts = [measure_first_page(browser.new_page(viewport={"width": 1280, "height": 720})) for _round in range(ROUNDS)]
    up, drawn, memory = map(statistics.median, zip(*starts, strict=True))
    print(f"server up after {up:.2f} s, the first page drawn {drawn:.2f} s later; the server's memory {memory:.0f} MB")
    for name, method in RUNS.items():
        ready, memory = map(statistics.median, zip(*(measure_worker(method) for _round in range(ROUNDS)), strict=True))
        print(f"a worker is ready after {ready:.2f} s; its memory with H = 128, {name}: {memory:.0f} MB")


if __name__ == "__main__":
    main()
