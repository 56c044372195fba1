"""A browser tab without a browser: it speaks Streamlit's websocket protocol and answers as the page's JavaScript does.

It keeps the values of its widgets and caches large messages by their hash. Of the components' scripts it plays three in
assets/components: ticker.js, which asks for the next tick when the last answer has come, redraw.js, and the part of
page_events.js that sends the tab's name, by which a reload finds its visit.
"""

import asyncio
import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request as HttpRequest
from urllib.request import urlopen
from uuid import uuid4

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

CRASH = "Something went wrong on this page"
WIDGETS = ("slider", "checkbox", "selectbox", "button_group", "number_input", "text_input", "file_uploader")
FINISHED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
LEAST_PAUSE = 0.25  # of a ticker's interval, between an answer and the next tick; as in ticker.js
OPENED = 60.0  # seconds after which a server that does not answer the handshake counts as broken


@dataclass
class Request:
    """A request of the tab.

    kind: "page", "tick", "redraw", "action" or "garbage". fragment: "" for the whole page. done: is set when the answer has
    come.
    """

    kind: str
    fragment: str
    sent: float
    done: "asyncio.Future[float]"


@dataclass
class ScriptRun:
    """A run of the page's script on the server. fragments: those that it draws; empty for the whole page."""

    id: str
    fragments: list[str]
    began: float


@dataclass
class Widget:
    """A widget that the page shows. run: the script run that drew it last."""

    state: WidgetState
    fragment: str
    run: str
    element: Any


@dataclass
class Component:
    """A component whose script the tab plays. id: Streamlit's; data: the latest it was given."""

    id: str
    fragment: str
    data: dict[str, Any]

    def trigger(self, event: str, value: object) -> WidgetState:
        """Return the state that says that the component's script set this trigger."""
        message = json.dumps([{"event": event, "value": value}])
        return WidgetState(id=f"$$STREAMLIT_INTERNAL_KEY_{self.id}__events", json_trigger_value=message)


@dataclass
class Cached:
    """A message that is known by its hash. used: the number of the script run that used it last."""

    message: ForwardMsg
    used: int


@dataclass
class BrowserTab:
    """A tab of a browser.

    waits: seconds from each request to its answer, by kind. errors: what went wrong, each in a word or a sentence. page, query:
    of the opened address. locale: the browser's language. session: the server's name of the tab. on_element, on_finish: called
    with each element that arrives, and after each completed script run. on_news: called with the news that a tick brings for
    components, as JSON.
    """

    url: str
    on_element: Callable[[Element], None] = lambda element: None
    on_finish: Callable[[], None] = lambda: None
    on_news: Callable[[str], None] = lambda news: None
    waits: dict[str, list[float]] = field(
        default_factory=lambda: {"page": [], "tick": [], "action": [], "redraw": [], "garbage": []}
    )
    errors: list[str] = field(default_factory=list)
    received: int = 0  # bytes
    page: str = ""
    query: str = ""
    locale: str = "en"
    session: str = ""  # Streamlit's id, with which a browser connects again that has lost its connection

    def __post_init__(self) -> None:
        self._socket: ClientConnection | None = None
        self._widgets: dict[str, Widget] = {}
        self._buttons: dict[str, str] = {}  # id to fragment
        self._folds: dict[str, bool] = {}  # id to whether it is open
        self._cache: dict[str, Cached] = {}
        self._components: dict[str, Component] = {}
        self._timer: asyncio.Task[None] | None = None
        self._requested_at = self._page_began = 0.0
        self._pending: list[Request] = []
        self._run = ScriptRun("", [], 0.0)
        self._runs, self._max_age, self._page, self._closing = 0, 2, "", False
        self._reader: asyncio.Task[None] | None = None

    async def open(self) -> float:
        """Connect and ask for the page; return the seconds until all of it was there."""
        began = time.monotonic()
        parts = urlsplit(self.url)
        address, origin = f"ws://{parts.netloc}/_stcore/stream", Origin(f"http://{parts.netloc}")
        named = [Subprotocol(one) for one in ("streamlit", *(("PLACEHOLDER", self.session) if self.session else ()))]
        self._socket = await connect(address, origin=origin, subprotocols=named, max_size=None, open_timeout=OPENED)
        self._reader = asyncio.create_task(self._read())
        request = await self._ask("page", "", began)
        return await request.done

    async def close(self) -> None:
        """Close the tab."""
        self._closing = True
        self._stop_ticking()
        if self._socket:
            await self._socket.close()
        if self._reader:
            await self._reader
        for request in self._pending:
            request.done.cancel()

    def cut(self) -> None:
        """Lose the connection, without a word to the server."""
        self._closing = True
        self._stop_ticking()
        if self._socket:
            self._socket.transport.abort()

    async def say_name(self, name: str) -> None:
        """Tell the server the name of the tab, by which it finds its visit again; return when the page of that is there."""
        events = self._components["page_events"]
        request = await self._ask(
            "page", events.fragment, time.monotonic(), events.trigger("tab", {"tab": name, "browser": name})
        )
        await request.done

    async def send_garbage(self, value: object) -> None:
        """Set triggers of all components to a value that none of them sends."""
        for component in self._components.values():
            for event in ("tick", "redraw", "tab", "travel", "open", "unknown"):
                await self._ask("garbage", component.fragment, time.monotonic(), component.trigger(event, value))

    def find(self, key: str) -> list[str]:
        """Return the ids of the widgets and buttons that are shown whose key matches the pattern."""
        pattern = re.compile(rf"-(?:{key})$")
        return [name for name in (*self._widgets, *self._buttons) if pattern.search(name)]

    def element(self, name: str) -> Any:
        """Return the widget of that id as the server described it."""
        return self._widgets[name].element

    async def press(self, name: str) -> Request:
        """Press the button of that id."""
        return await self._ask("action", self._buttons[name], time.monotonic(), WidgetState(id=name, trigger_value=True))

    async def slide(self, name: str, value: float) -> Request:
        """Move the slider of that id."""
        widget = self._widgets[name]
        del widget.state.double_array_value.data[:]
        widget.state.double_array_value.data.append(value)
        return await self._ask("action", widget.fragment, time.monotonic())

    async def open_folds(self) -> Request:
        """Open all popovers and expanders that tell the server so."""
        self._folds = dict.fromkeys(self._folds, True)
        return await self._ask("action", "", time.monotonic())

    async def send_file(self, name: str, content: bytes) -> str:
        """Send a file to the server's address for uploads, as a page's uploader does, and return the id that it was given."""
        file_id = str(uuid4())
        await asyncio.to_thread(put_file, f"{self.url}/_stcore/upload_file/{self.session}/{file_id}", name, content)
        return file_id

    async def upload(self, uploader: str, name: str, content: bytes) -> Request:
        """Bring a file by the uploader of that id."""
        widget, file_id = self._widgets[uploader], await self.send_file(name, content)
        del widget.state.file_uploader_state_value.uploaded_file_info[:]
        file = widget.state.file_uploader_state_value.uploaded_file_info.add(name=name, size=len(content), file_id=file_id)
        file.file_urls.file_id = file_id
        return await self._ask("action", widget.fragment, time.monotonic())

    def longest_pending(self, kind: str) -> float:
        """Return for how many seconds the oldest request of a kind has waited that is not answered yet; 0 without any."""
        return max((time.monotonic() - request.sent for request in self._pending if request.kind == kind), default=0.0)

    async def _ask(self, kind: str, fragment: str, sent: float, trigger: WidgetState | None = None) -> Request:
        message = BackMsg()
        state = message.rerun_script
        state.fragment_id, state.page_script_hash = fragment, self._page
        state.widget_states.widgets.extend(widget.state for widget in self._widgets.values())
        state.widget_states.widgets.extend(WidgetState(id=name, bool_value=True) for name, on in self._folds.items() if on)
        state.query_string, state.page_name = self.query, self.page if kind == "page" else ""
        if trigger is not None:
            state.widget_states.widgets.append(trigger)
        state.cached_message_hashes.extend(self._cache)
        state.context_info.timezone, state.context_info.locale, state.context_info.url = "UTC", self.locale, self.url
        state.context_info.color_scheme = "light"
        request = Request(kind, fragment, sent, asyncio.get_running_loop().create_future())
        self._pending.append(request)
        if self._socket:
            await self._socket.send(message.SerializeToString())
        return request

    async def _read(self) -> None:
        assert self._socket
        try:
            async for data in self._socket:
                self.received += len(data)
                self._handle(ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode()))
            self._fail("socket closed by the server")
        except Exception as error:  # whatever it is: the report names it
            self._fail(f"{type(error).__name__}: {error}")
        for request in self._pending:
            request.done.cancel()

    def _fail(self, error: str) -> None:
        if not self._closing:
            self.errors.append(error)
            self._stop_ticking()
            self._closing = True

    def _handle(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            cached = self._cache.get(message.ref_hash)
            if cached is None:
                self.errors.append("a message that is not cached was referred to")
                return
            cached.used = self._runs
            known = ForwardMsg()
            known.CopyFrom(cached.message)
            known.metadata.CopyFrom(message.metadata)
            message, kind = known, known.WhichOneof("type")
        elif message.metadata.cacheable:
            self._cache[message.hash] = Cached(message, self._runs)
        if kind == "delta":
            self._handle_delta(message)
        elif kind == "new_session":
            self._begin_run(message)
        elif kind == "navigation":
            self._page = message.navigation.page_script_hash
        elif kind == "script_finished":
            self._end_run(message.script_finished)
        elif kind == "session_event" and message.session_event.WhichOneof("type") == "script_compilation_exception":
            self.errors.append(message.session_event.script_compilation_exception.message)

    def _handle_delta(self, message: ForwardMsg) -> None:
        delta = message.delta
        if delta.WhichOneof("type") == "add_block":
            for name in filter(None, (delta.add_block.popover.id, delta.add_block.expandable.id)):
                self._folds.setdefault(name, False)
        if delta.WhichOneof("type") != "new_element":
            return
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.errors.append(f"exception: {element.exception.type}: {element.exception.message}")
        elif kind == "markdown" and CRASH in element.markdown.body:
            self.errors.append("the card of a crash")
        elif kind == "bidi_component":
            self._handle_component(element.bidi_component, delta.fragment_id)
        elif kind == "button":
            self._buttons[element.button.id] = delta.fragment_id
        elif kind in WIDGETS:
            shown = getattr(element, kind)
            before = self._widgets.get(shown.id)
            keeps = before is not None and not getattr(shown, "set_value", False)
            state = before.state if before and keeps else read_state(kind, shown)
            self._widgets[shown.id] = Widget(state, delta.fragment_id, self._run.id, shown)
        self.on_element(element)

    def _handle_component(self, component: Any, fragment: str) -> None:
        name = component.component_name.rpartition(".")[2]
        if name in ("ticker", "redraw", "page_events"):
            self._components[name] = Component(component.id, fragment, json.loads(component.json))
        if name == "ticker":
            self.on_news(self._components[name].data["parts"])

    def _begin_run(self, message: ForwardMsg) -> None:
        self.session = message.new_session.initialize.session_id or self.session
        run = message.metadata.run
        self._run = ScriptRun(run.script_run_id, list(run.fragment_ids), time.monotonic())
        self._page = message.new_session.page_script_hash
        if not self._run.fragments:
            self._page_began = self._run.began
            self._max_age = message.new_session.config.max_cached_message_age or self._max_age

    def _end_run(self, status: int) -> None:
        if status == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            self.errors.append("the script could not be compiled")
        if status not in FINISHED:
            return
        whole, now = not self._run.fragments, time.monotonic()
        for name, widget in list(self._widgets.items()):
            if widget.run != self._run.id and (whole or widget.fragment in self._run.fragments):
                del self._widgets[name]
        for name, cached in list(self._cache.items()):
            if self._runs - cached.used > self._max_age:
                del self._cache[name]
        self._runs += 1
        # The end of a run of the whole page is not always told, where a request for a fragment comes just then; that of the
        # fragment's run tells it too.
        answered = [
            one
            for one in self._pending
            if one.sent <= self._page_began or (one.sent <= self._run.began and one.fragment in self._run.fragments)
        ]
        self._pending = [one for one in self._pending if one not in answered]
        for request in answered:
            self.waits[request.kind].append(now - request.sent)
            if not request.done.done():
                request.done.set_result(now - request.sent)
        self.on_finish()
        self._act_on_ticker()

    def _act_on_ticker(self) -> None:
        """Handle an answer as the ticker's script does."""
        ticker = self._components.get("ticker")
        if ticker is not None and not self._closing:
            self._stop_ticking()
            self._timer = asyncio.create_task(self._tick(ticker))

    async def _tick(self, ticker: Component) -> None:
        """Redraw the live side if the answer says so, then ask for the next tick at its time."""
        interval, redraw = ticker.data["interval"], self._components.get("redraw")
        if redraw and "redraw" in json.loads(ticker.data.pop("parts", "{}")):
            with suppress(ConnectionClosed):
                await self._ask("redraw", redraw.fragment, time.monotonic(), redraw.trigger("redraw", True))
        if interval is None:
            return
        await asyncio.sleep(max(self._requested_at + interval - time.monotonic(), LEAST_PAUSE * interval))
        self._requested_at = time.monotonic()
        with suppress(ConnectionClosed):
            await self._ask("tick", ticker.fragment, self._requested_at, ticker.trigger("tick", ticker.data["number"]))

    def _stop_ticking(self) -> None:
        if self._timer:
            self._timer.cancel()


def put_file(address: str, name: str, content: bytes) -> None:
    """Send a file with the cookie and the header by which the server knows its own pages. Raises URLError."""
    parts = urlsplit(address)
    with urlopen(f"{parts.scheme}://{parts.netloc}/_stcore/health", timeout=OPENED) as answer:
        cookie = next(one for one in answer.headers.get_all("Set-Cookie") if one.startswith("_streamlit_xsrf=")).split(";")[0]
    edge = uuid4().hex
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    headers = {
        "Content-Type": f"multipart/form-data; boundary={edge}",
        "Cookie": cookie,
        "X-Xsrftoken": cookie.partition("=")[2],
    }
    body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()
    urlopen(HttpRequest(address, body, headers, method="PUT"), timeout=OPENED).close()


def read_state(kind: str, widget: Any) -> WidgetState:
    """Return the state of a widget that has just appeared, or whose value the server has set."""
    state, is_set = WidgetState(id=widget.id), getattr(widget, "set_value", False)
    if kind == "slider":
        state.double_array_value.data.extend(widget.value if is_set else widget.default)
    elif kind == "checkbox":
        state.bool_value = widget.value if is_set else widget.default
    elif kind == "text_input":
        state.string_value = widget.value if is_set else widget.default
    elif kind == "number_input":
        state.double_value = widget.value if is_set else widget.default
    elif kind == "selectbox" and is_set:
        state.string_value = widget.raw_value
    elif kind == "selectbox" and widget.HasField("default"):
        state.string_value = widget.options[widget.default]
    elif kind == "button_group":
        chosen = widget.raw_values if is_set else [widget.options[index].content for index in widget.default]
        state.string_array_value.data.extend(chosen)
    elif kind == "file_uploader":
        state.file_uploader_state_value.SetInParent()
    return state
