"""python assets/pictures/make.py: the README's screenshot and moving picture, taken from the real app in a browser."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SIZE: ViewportSize = {"width": 1280, "height": 720}
AT_EPOCH = "epoch => document.querySelector('.st-key-toolbar').innerText.match(/epoch (\\d+)/)?.[1] >= epoch"
FRAMES, EVERY = 36, 0.5  # of the moving picture: how many, and the seconds between two


def main() -> None:
    """Starts the app, photographs it in light and dark, and films a run whose dropout is moved."""
    with _server() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport=SIZE, color_scheme=scheme)
            _open(page, address)
            page.wait_for_function(AT_EPOCH, arg=12, timeout=120_000)
            page.screenshot(path=HERE / f"lab-{scheme}.png")
            if scheme == "light":
                _film(page).save(HERE / "lab.gif")
            page.close()


class _Film:
    """Frames of a page, saved as one GIF."""

    def __init__(self) -> None:
        self.frames: list[Image.Image] = []

    def take(self, page: Page) -> None:
        """One frame, at half the page's size."""
        image = Image.open(BytesIO(page.screenshot())).convert("RGB")
        self.frames.append(image.resize((SIZE["width"] * 3 // 4, SIZE["height"] * 3 // 4), Image.Resampling.LANCZOS))

    def save(self, path: Path) -> None:
        """All frames, played twice as fast as they were taken."""
        first, *rest = [frame.quantize(64) for frame in self.frames]
        first.save(path, save_all=True, append_images=rest, duration=round(500 * EVERY), loop=0, optimize=True)


def _film(page: Page) -> _Film:
    """Play; then the rate of a site is moved, a site is switched on, and the route changed, each seen on the figure."""
    film = _Film()
    page.get_by_role("button", name="Play").click()
    acts = {
        8: lambda: page.locator(".st-key-on-state label").first.click(),
        16: lambda: page.get_by_role("radio", name="through the state").click(),
        24: lambda: page.locator("#network-y-8").click(),
    }
    for frame in range(FRAMES):
        acts.get(frame, lambda: None)()
        film.take(page)
        time.sleep(EVERY)
    return film


def _open(page: Page, address: str) -> None:
    page.add_init_script("localStorage.setItem('network-callouts-seen', 'yes')")
    page.goto(address)
    page.wait_for_selector(".net")


@contextmanager
def _server() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.headless", "true"]
    app = subprocess.Popen(command, cwd=ROOT)
    try:
        for _attempt in range(150):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health")
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/"
    finally:
        app.terminate()
        app.wait()


if __name__ == "__main__":
    main()
