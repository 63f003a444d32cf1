"""A browser tab without a browser: Streamlit's protocol over its websocket, many at a time in one process.

As Streamlit's own page does it: widget states are sent with every rerun, messages that it holds are named by their hash and
not sent again, fragments that run by themselves are asked for when they are due, and a component's files are fetched once.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

PATIENCE = 60.0  # s; a page that takes longer has failed
SESSION_ENDED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_WITH_COMPILE_ERROR)


class Tab:
    """A session at a server: its pages, the widgets that it shows, and what went wrong (``errors``)."""

    def __init__(self, socket: ClientConnection, web: httpx.AsyncClient) -> None:
        self._socket, self._web = socket, web
        self.errors: list[str] = []
        self._pages: dict[str, str] = {}  # hash by path
        self._page = self._path = ""  # hash and path of the page that is shown
        self._query = ""
        self._elements: dict[str, Any] = {}  # what is shown with a key: its message, of the run that drew it
        self._fragments: dict[str, str] = {}  # by key, the fragment that it is part of
        self._states: dict[str, WidgetState] = {}  # by id
        self._held: dict[str, Delta] = {}  # messages, by hash
        self._fetched: set[str] = set()
        self._beats: dict[str, asyncio.Task[None]] = {}  # of fragments that run by themselves
        self._ended, self._lost = asyncio.Event(), False
        self._awaited = ""  # the fragment whose end is waited for; empty: the page

    async def go(self, path: str) -> float:
        """Open a page by its path (empty: the first). Seconds until it is there, with the sounds and pictures it names."""
        self._page, self._path, self._query = self._pages.get(path, ""), path, ""
        self._states.clear()
        return await self._act()

    async def press(self, key: str) -> float:
        """Press a button. Seconds until the page has answered, as for all that follows."""
        return await self._set(key, trigger_value=True)

    async def choose(self, key: str, value: str) -> float:
        """Choose an option of a list, by its text."""
        return await self._set(key, string_value=value)

    async def choose_all(self, key: str, values: list[str]) -> float:
        """Choose options of a list of many, or of segments, by their texts."""
        return await self._set(key, string_array_value={"data": values})

    async def until(self, key: str) -> float:
        """Wait for an element that a fragment draws by itself once it can. Seconds."""
        began = time.perf_counter()
        while not self.shows(key):
            if time.perf_counter() - began > PATIENCE:
                raise TimeoutError(
                    f"/{self._path} shows no {key} within {PATIENCE:g} s, but {', '.join(self._elements)}"
                )
            await asyncio.sleep(0.02)
        return time.perf_counter() - began

    async def data(self, key: str) -> dict[str, Any]:
        """What a component of the page was given, once it is shown."""
        await self.until(key)
        found: dict[str, Any] = json.loads(self._elements[key].json)
        return found

    async def set_state(self, key: str, **state: Any) -> float:
        """Have a component send states by name."""
        return await self._set(key, json_value=json.dumps(state))

    async def trigger(self, key: str, event: str, value: dict[str, Any]) -> float:
        """Have a component send something that happened once."""
        return await self._set(
            key,
            of="$$STREAMLIT_INTERNAL_KEY_{}__events",
            json_trigger_value=json.dumps([{"event": event, "value": value}]),
        )

    async def options(self, key: str) -> list[str]:
        """Of a list or of segments, once they are shown."""
        await self.until(key)
        options = self._elements[key].options
        return [option if isinstance(option, str) else option.content for option in options]

    def shows(self, key: str) -> bool:
        """Whether the page has an element with a key."""
        return key in self._elements

    async def _set(self, key: str, *, of: str = "{}", **value: Any) -> float:
        """Send a widget's state. ``of``: the id that it has, made of the element's."""
        await self.until(key)  # as a person would: what is still being drawn cannot be pressed
        state = WidgetState(id=of.format(self._elements[key].id), **value)
        self._states[state.id] = state
        took = await self._act(self._fragments[key])
        if "trigger_value" in value or "json_trigger_value" in value:
            del self._states[state.id]
        return took

    async def _act(self, fragment: str = "") -> float:
        began = time.perf_counter()
        self._ended.clear()
        self._awaited = fragment
        await self._rerun(fragment)
        try:
            await asyncio.wait_for(self._ended.wait(), PATIENCE)
        except TimeoutError:
            self.errors.append(f"/{self._path}: no answer within {PATIENCE:g} s")
        await self._fetch()
        return time.perf_counter() - began

    async def _rerun(self, fragment: str = "", auto: bool = False) -> None:
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash = self._query, self._page
        state.page_name = "" if self._page else self._path
        state.fragment_id, state.is_auto_rerun = fragment, auto
        state.widget_states.widgets.extend(self._states.values())
        state.cached_message_hashes.extend(self._held)
        await self._socket.send(message.SerializeToString())

    async def listen(self) -> None:
        """Take what the server sends, for as long as there is a connection."""
        async for data in self._socket:
            assert isinstance(data, bytes)
            message = ForwardMsg()
            message.ParseFromString(data)
            self._take(message)
        self.errors.append(f"/{self._path}: the connection was lost")
        self._ended.set()

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        fragments = message.metadata.run.fragment_ids
        if kind == "new_session" and not fragments:
            self._elements.clear()
            self._still()
        elif kind == "navigation":
            self._page = message.navigation.page_script_hash
            self._pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
            self._pages[""] = next(p.page_script_hash for p in message.navigation.app_pages if p.is_default)
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            beat = message.auto_rerun
            self._still(beat.fragment_id)
            self._beats[beat.fragment_id] = asyncio.create_task(self._beat(beat.fragment_id, beat.interval))
        elif kind == "delta":
            if message.metadata.cacheable:
                self._held[message.hash] = message.delta
            self._show(message.delta)
        elif kind == "ref_hash":
            self._show(self._held[message.ref_hash])
        elif kind == "script_finished":
            if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                self.errors.append(f"/{self._path}: the script cannot be compiled")
            fragment_ended = message.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY
            if message.script_finished in SESSION_ENDED or (fragment_ended and self._awaited in fragments):
                self._ended.set()

    def _show(self, delta: Delta) -> None:
        if delta.WhichOneof("type") != "new_element":
            return
        kind = delta.new_element.WhichOneof("type")
        element = getattr(delta.new_element, kind)
        if kind == "exception":
            self.errors.append(f"/{self._path}: {element.type}: {element.message}")
        elif kind == "alert" and element.format == Alert.ERROR:
            self.errors.append(f"/{self._path}: {element.body}")
        if getattr(element, "set_value", False):  # the server has changed it: what was sent before is no longer so
            self._states.pop(element.id, None)
        # An element's id is $$ID-<hash>-<key>.
        if (name := getattr(element, "id", "").split("-", 2)[2:]) and name != ["None"]:
            self._elements[name[0]] = element
            self._fragments[name[0]] = delta.fragment_id

    def _still(self, fragment: str = "") -> None:
        """Have a fragment, or all of them, no longer run by itself."""
        for one in [fragment] if fragment else list(self._beats):
            if beat := self._beats.pop(one, None):
                beat.cancel()

    async def _beat(self, fragment: str, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            if self._ended.is_set():  # else it would name the page that is being left
                await self._rerun(fragment, auto=True)

    async def _fetch(self) -> None:
        """The files that the components on the page name and that were not fetched yet."""
        components = [e for e in self._elements.values() if e.DESCRIPTOR.name == "BidiComponent" and e.json]
        named = {a for e in components for a in (json.loads(e.json) or {}).get("files", {}).values()}
        for address in named - self._fetched:
            self._fetched.add(address)
            if (answer := await self._web.get(address)).is_error:
                self.errors.append(f"/{self._path}: {address} gives {answer.status_code}")

    def close(self) -> None:
        self._still()


@asynccontextmanager
async def tab(address: str) -> AsyncIterator[Tab]:
    """A tab at a server, given by its address (``http://127.0.0.1:8501``), while the block lasts."""
    stream = address.replace("http", "ws", 1) + "/_stcore/stream"
    async with (
        # A connection each: one that the server closes just then would be no error of the page's.
        httpx.AsyncClient(base_url=address, timeout=PATIENCE, limits=httpx.Limits(max_keepalive_connections=0)) as web,
        connect(stream, subprotocols=["streamlit"], origin=address, max_size=None) as socket,
    ):
        one = Tab(socket, web)
        listening = asyncio.create_task(one.listen())
        try:
            yield one
        finally:
            one.close()
            listening.cancel()
