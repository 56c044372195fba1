"""The live chart in a real browser: a small app that ticks, and what a user sees of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from core.figures.theme import DARK, LIGHT
from pages.common.static_files import provide_plotly

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.browser

APP = """
import streamlit as st
from core.figures.loss_curves import plot_loss_curves
from core.figures.run_summary import RunCurve
from core.figures.theme import get_theme
from core.training.events import make_record
from pages.common.live_chart import draw_live_chart

@st.fragment(run_every=0.2)
def ticking():
    st.session_state.n = n = st.session_state.get("n", 20) + 1
    records = [make_record(i, i / 10, 5 - i / 100) for i in range(n)]
    figure = plot_loss_curves([RunCurve("run", "run", records, epochs=30)], get_theme(st.context.theme.type), "word")
    clicked = draw_live_chart(figure, "live", f"tick {n}", 330)
    if clicked:
        st.session_state.clicked = clicked
    st.write(f"clicked {st.session_state.get('clicked', 'nothing')}")

if st.toggle("show", True):
    ticking()
settled_run = RunCurve("old", "old", [make_record(i, i, 5 - i / 9) for i in range(9)])
settled = plot_loss_curves([settled_run], get_theme(st.context.theme.type), "word")
draw_live_chart(settled, "settled", "settled chart", 200)
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of the app, served on a free port of this machine until the module's tests are done."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "app.py").write_text(APP, encoding="utf-8")
    shutil.copytree(ROOT / ".streamlit", folder / ".streamlit")
    provide_plotly(folder)
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.port",
        "0",
        "--server.headless",
        "true",
        "--server.address",
        "localhost",
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    server = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    lines = []
    for line in server.stdout:
        lines.append(line)
        if "URL:" in line:
            break
    assert "URL:" in lines[-1], "".join(lines)
    yield lines[-1].split()[-1]
    server.terminate()
    server.communicate()


@pytest.fixture(scope="module")
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """Yield a browser context whose pages share the cache."""
    with browser.new_context(viewport={"width": 800, "height": 800}, color_scheme="light") as context:
        yield context


@pytest.fixture
def page(visitor: BrowserContext, address: str) -> Iterator[Page]:
    """Yield the app's page in light colors; then check that there was no error and no request to another host."""
    page = visitor.new_page()
    complaints: list[str] = []
    hosts: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: hosts.append(request.url) if request.url.startswith("http") else None)
    page.goto(address)
    page.locator(".live-chart .main-svg").first.wait_for()
    yield page
    page.close()
    assert complaints == []
    assert [url for url in hosts if not url.startswith(address)] == []


def live(page: Page) -> Locator:
    return page.get_by_role("figure", name="tick")


def wait_for_ticks(page: Page, ticks: int) -> None:
    """Wait until the live chart has had that many more ticks, and has drawn more points."""
    live(page).evaluate(
        """(node, ticks) => new Promise((done) => {
            const tick = () => +node.getAttribute("aria-label").split(" ")[1], from = tick(), points = node.data[0].x.length;
            const look = () => tick() >= from + ticks && node.data[0].x.length > points ? done() : requestAnimationFrame(look);
            look();
        })""",
        ticks,
    )


def ranges(page: Page) -> list[list[float]]:
    found: list[list[float]] = live(page).evaluate("node => [node._fullLayout.xaxis.range, node._fullLayout.yaxis.range]")
    return found


def wait_for_paper(chart: Locator, color: str) -> None:
    """Wait until the chart is drawn on that background color."""
    chart.evaluate(
        """(node, color) => new Promise((done) => {
            const look = () => node._fullLayout?.paper_bgcolor === color ? done() : requestAnimationFrame(look);
            look();
        })""",
        color,
    )


def test_node_and_zoom_survive_the_ticks(page: Page) -> None:
    chart = live(page)
    chart.evaluate("node => { node.mine = node.querySelector('.main-svg').mine = true; }")
    box = chart.bounding_box()
    assert box
    whole = ranges(page)
    page.mouse.move(box["x"] + 90, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 250, box["y"] + 200, steps=4)
    page.mouse.up()
    zoomed = ranges(page)
    assert zoomed != whole
    wait_for_ticks(page, 5)
    assert ranges(page) == zoomed
    assert chart.evaluate("node => node.mine && node.querySelector('.main-svg').mine") is True
    page.mouse.dblclick(box["x"] + 200, box["y"] + 150)
    wait_for_ticks(page, 2)
    assert ranges(page)[0] == [0, 30], "a double click shows the whole again"


def test_a_click_reaches_python(page: Page) -> None:
    page.get_by_text("nothing").wait_for()
    point = live(page).evaluate(
        """node => { const {xaxis, yaxis} = node._fullLayout, {x, y} = node.data[0];
            return [xaxis._offset + xaxis.d2p(x[9]), yaxis._offset + yaxis.d2p(y[9])]; }"""
    )
    live(page).hover(position={"x": point[0], "y": point[1]})
    live(page).locator(".hovertext").get_by_text("train, masked").wait_for()  # Plotly reports what was hovered last
    live(page).click(position={"x": point[0], "y": point[1]})
    page.get_by_text("clicked {'curve': 0, 'point': ").wait_for()  # which one: the curve moves as it grows


def test_both_charts_follow_the_theme_of_the_browser(page: Page) -> None:
    settled = page.get_by_role("figure", name="settled chart")
    wait_for_paper(settled, LIGHT.paper)
    page.emulate_media(color_scheme="dark")
    wait_for_paper(live(page), DARK.paper)
    wait_for_paper(settled, DARK.paper)


def test_a_chart_goes_and_comes_back(page: Page) -> None:
    page.get_by_text("show").click()
    live(page).wait_for(state="detached")
    page.get_by_text("show").click()
    live(page).locator(".main-svg").first.wait_for()
    wait_for_ticks(page, 1)


def test_a_chart_is_as_wide_as_there_is_room(page: Page) -> None:
    page.set_viewport_size({"width": 420, "height": 800})
    page.wait_for_function(
        """() => [...document.querySelectorAll(".live-chart")].every((node) =>
            node.offsetWidth < 420 && node.querySelector(".main-svg").clientWidth === node.offsetWidth)"""
    )


def test_keyboard_and_screen_reader_find_it(page: Page) -> None:
    settled = page.get_by_role("figure", name="settled chart")
    settled.focus()
    assert settled.evaluate("node => node === document.activeElement")
