"""The Lab in a browser for tests: open it, read what it shows, wait for changes."""

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from playwright.sync_api import Locator, Page, WebSocket, expect

LONGEST = 60_000  # milliseconds until a wait gives up: machines that test are busy
# A run that goes on for a minute or more, with hundreds of updates a second: 32 updates an epoch, 16 000 in all.
QUICK = {"v": "1", "task": "delayed-recall", "lag": "12", "sequences": "1024", "epochs": "500", "path": "0,2,5"}
PROGRESS = re.compile(r"update (\d+) of (\d+)")
# Whether the element that has the focus has the role and a name with the words.
FOCUSED = """([role, words]) => {
    const one = document.activeElement
    const named = one.getAttribute("aria-label") ?? one.labels?.[0]?.textContent ?? one.textContent
    const is = one.getAttribute("role") ?? {BUTTON: "button", INPUT: one.type === "range" ? "slider" : one.type}[one.tagName]
    return is === role && (named || one.closest("label")?.textContent || "").includes(words)
}"""
# Resolves when every curve of the chart has more points than are given by its name.
GROWN = """(node, points) => new Promise((done) => {
    const grown = ([name, number]) => node.data?.some((trace) => trace.name === name && trace.x.length > number)
    const look = () => (Object.entries(points).every(grown) ? done() : requestAnimationFrame(look))
    look()
})"""
expect.set_options(timeout=LONGEST)


class Lab:
    """The Lab in a browser."""

    def __init__(self, page: Page, server: str) -> None:
        self.page, self.server = page, server
        self.sockets: list[WebSocket] = []
        page.set_default_timeout(LONGEST)
        page.on("websocket", lambda socket: self.sockets.append(socket))

    def open(self, query: Mapping[str, str] | None = None, at: str = "/", callouts: bool = False) -> "Lab":
        """Open an address of the server with that query and wait until the page is complete.

        Then the network, the curves and the buttons are drawn and the script has ended (until then Streamlit shows a button
        that stops it, one more element that the tab key reaches). callouts: whether the first visit's callouts stay; by default
        they are dismissed as by an earlier visit.
        """
        if not callouts:
            self.page.add_init_script("localStorage.setItem('network-callouts-seen', 'yes')")
        self.page.goto(f"{self.server}{at}" + (f"?{urlencode(query)}" if query else ""))
        expect(self.network).to_be_visible()
        self.wait_for("() => getComputedStyle(document.querySelector('.st-key-lab')).display === 'grid'")  # its style has come
        expect(self.curves.locator(".main-svg").first).to_be_visible()
        expect(self.heatmap.locator(".main-svg").first).to_be_visible()
        expect(self.page.get_by_role("button", name=re.compile("^Play( live)?$"))).to_be_visible()
        expect(self.page.locator("[data-testid=stApp]")).to_have_attribute("data-test-script-state", "notRunning")
        return self

    @property
    def network(self) -> Locator:
        """Return the network figure."""
        return self.page.locator("svg.net")

    @property
    def curves(self) -> Locator:
        """Return the node of the live chart."""
        return self.page.locator(".st-key-curves .live-chart")

    @property
    def heatmap(self) -> Locator:
        """Return the node of the masks over time."""
        return self.page.locator(".st-key-heatmap .live-chart")

    @property
    def sentence(self) -> Locator:
        """Return the sentence that counts the masks on the path."""
        return self.page.get_by_text("reaches the prediction")

    @property
    def progress(self) -> Locator:
        """Return the line with the newest update of the run."""
        return self.page.get_by_text(PROGRESS)

    def state(self, words: str) -> Locator:
        """Return the badge with the state of the run."""
        return self.page.locator(".stMarkdownBadge, [class*=Badge]").filter(has_text=re.compile(rf"{re.escape(words)}$"))

    def button(self, name: str) -> Locator:
        """Return the button with that name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def press(self, name: str) -> None:
        """Press a button."""
        self.button(name).click()

    @property
    def update(self) -> int:
        """Return the number of the newest update."""
        found = PROGRESS.search(self.progress.inner_text())
        assert found
        return int(found[1])

    def wait_for(self, script: str, argument: Any = None) -> None:
        """Wait until a script, a function of the argument, returns something true in the page."""
        self.page.wait_for_function(script, arg=argument, polling=50)

    def wait_for_update(self, number: int) -> None:
        """Wait until the run has reached that update."""
        self.wait_for("n => +(document.body.textContent.match(/update (\\d+) of/) ?? [])[1] >= n", number)

    def play(self, updates: int = 1) -> None:
        """Start the run and wait for its first updates."""
        self.press("Play")
        self.wait_for_update(updates)

    def wait_for_points(self, more_than: Mapping[str, int]) -> None:
        """Wait until each of these curves has more points than that."""
        self.curves.evaluate(GROWN, dict(more_than))

    def points(self) -> dict[str, int]:
        """Return the number of points of each curve."""
        return {trace["name"]: trace["points"] for trace in self.traces()}

    def ticks(self, number: int) -> None:
        """Wait until the page's timer has asked the server that many times."""
        for _tick in range(number):
            self.sockets[-1].wait_for_event("framesent", timeout=LONGEST)

    def barcodes(self, site: str) -> dict[tuple[int, int], list[int]]:
        """Return the units, from 0, that each barcode of a site shows as kept, by layer and step."""
        found = self.network.locator(f"path[data-site={site}]").evaluate_all(
            "all => all.map(one => [+one.dataset.layer, +one.dataset.t, one.getAttribute('d')])"
        )
        return {(layer, t): [int(unit) for unit in re.findall(r"M(\d+) 0v1", d)] for layer, t, d in found}

    def changes(self) -> list[str]:
        """Return the changes of the run, the newest first, from the list below the curves."""
        return self.page.locator(".run-changes li").all_text_contents()

    def traces(self) -> list[dict[str, Any]]:
        """Return name, number of points and hover data of every trace that Plotly has drawn."""
        found: list[dict[str, Any]] = self.curves.evaluate(
            "node => node.data.map(({name, x, customdata}) => ({name, points: x.length, customdata}))"
        )
        return found

    def slider(self, name: str) -> Locator:
        """Return the slider with that name: of a rate, of the update, the step or the sample."""
        return self.page.get_by_role("slider", name=name)

    def switch(self, site: str) -> Locator:
        """Return the switch of a site."""
        return self.page.locator(f".st-key-on-{site} label")

    def route(self, name: str) -> Locator:
        """Return the radio button of a route along time."""
        return self.page.get_by_role("radio", name=name)

    def source(self, t: int) -> Locator:
        """Return the input at x_t."""
        return self.network.locator(f"[data-kind=source][data-t='{t}']")

    def target(self, t: int) -> Locator:
        """Return the prediction at y_t."""
        return self.network.locator(f"[data-kind=target][data-t='{t}']")

    @property
    def query(self) -> dict[str, str]:
        """Return the query of the page's address."""
        return dict(parse_qsl(urlsplit(self.page.url).query))

    def wait_for_query(self, **query: str) -> None:
        """Wait until the page's address has these values."""
        self.wait_for(
            "all => all.every(([name, value]) => new URLSearchParams(location.search).get(name) === value)",
            list(map(list, query.items())),
        )

    def svg(self) -> str:
        """Return the SVG of the network figure, without the attribute that says which element the tab key reaches."""
        text: str = self.network.evaluate("node => node.outerHTML")
        return re.sub(r' tabindex="-?\d"', "", text)

    def tab_to(self, role: str, name: str, within: int = 150) -> None:
        """Press the tab key, at most `within` times, until an element with that role and a name with these words has the focus.

        Raises AssertionError if none has.
        """
        reached = []
        for _key in range(within):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(FOCUSED, [role, name]):
                return
            reached.append(self.page.evaluate("document.activeElement.outerHTML.slice(0, 99)"))
        raise AssertionError(f"The tab key does not reach the {role} “{name}”, but {reached}.")

    def findings(self) -> list[str]:
        """Return the violations that axe-core finds on the page."""
        self.page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        return [f"{one['id']}: {node['html'][:200]} {node['failureSummary']}" for one in found for node in one["nodes"]]
