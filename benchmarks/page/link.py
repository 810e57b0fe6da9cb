"""A slow line on loopback: every byte between a browser and a server passes it, whichever worker asked for it.

DevTools' own throttling acts on the page alone; workers and service workers load unthrottled. This one shapes TCP:
all connections share a bandwidth in each direction, every byte is late by half a round trip, and a new connection
costs one round trip for its handshake. TLS adds its own by itself. Loss and slow start are left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

HOST = "127.0.0.1"
CHUNK = 8192
BACKLOG = 0.1
"""Seconds of data that wait at the bottleneck; more stays with the sender, as with a router's small buffer."""
BUFFER = 16384
"""Bytes that the system keeps for a socket on either side of the line."""


Travelling = asyncio.Queue[tuple[float, bytes]]
"""Pieces under way, each with the time at which it arrives."""


@dataclass(frozen=True)
class Shape:
    """What a line can do: bits per second in both directions, seconds for a round trip."""

    name: str
    down: float
    up: float
    round_trip: float


SLOW_4G = Shape("Slow 4G", 1.6e6, 750e3, 0.150)
"""The figures of Lighthouse and DevTools."""
FOUR_G = Shape("4G", 8.1e6, 1.35e6, 0.165)
"""DevTools' "Fast 4G"."""
WIFI = Shape("Wi-Fi", 30e6, 15e6, 0.002)
"""DevTools' former preset."""
UNSHAPED = Shape("loopback", 0, 0, 0)
"""Nothing but the counting."""


@dataclass
class Lane:
    """One direction: what it carried, and when it is free again."""

    bits_per_second: float
    delay: float
    bytes: int = 0
    free_at: float = 0.0

    def take(self, size: int, now: float) -> float:
        """Put ``size`` bytes on the lane; returns when the last of them arrives."""
        self.bytes += size
        if self.bits_per_second:
            self.free_at = max(now, self.free_at) + size * 8 / self.bits_per_second
        return max(now, self.free_at) + self.delay


@dataclass
class Link:
    """A line to ``target`` (a port on loopback); ``port`` is its near end."""

    shape: Shape
    target: int
    port: int = 0
    is_cut: bool = False
    down: Lane = field(init=False)
    up: Lane = field(init=False)
    _open: set[asyncio.Task[None]] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def __post_init__(self) -> None:
        self.down = Lane(self.shape.down, self.shape.round_trip / 2)
        self.up = Lane(self.shape.up, self.shape.round_trip / 2)

    def cut(self) -> None:
        """End every connection and refuse new ones: what a browser without a network sees."""

        def end() -> None:
            self.is_cut = True
            for task in self._open:
                task.cancel()

        self._loop.call_soon_threadsafe(end)

    async def serve(self, ready: threading.Event, done: asyncio.Event) -> None:
        """Carry connections until ``done``."""
        server = await asyncio.start_server(self._connected, HOST, 0)
        self.port = int(server.sockets[0].getsockname()[1])
        ready.set()
        await done.wait()
        server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_cut:
            task = asyncio.create_task(self._carry(reader, writer))
            self._open.add(task)
            with contextlib.suppress(asyncio.CancelledError):
                await task
            self._open.discard(task)
        writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Small, so that what the line can't carry yet stays with the server.
        far = socket.socket()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        far.setblocking(False)
        await self._loop.sock_connect(far, (HOST, self.target))
        server_reader, server_writer = await asyncio.open_connection(sock=far)
        try:
            await asyncio.sleep(self.shape.round_trip)  # SYN, SYN-ACK
            async with asyncio.TaskGroup() as pumps:
                for source, sink, lane in ((reader, server_writer, self.up), (server_reader, writer, self.down)):
                    travelling: Travelling = asyncio.Queue()
                    pumps.create_task(self._send(source, travelling, lane))
                    pumps.create_task(self._deliver(travelling, sink))
        except* OSError:
            pass  # one side went away: the other learns of it by the abort
        finally:
            server_writer.transport.abort()

    async def _send(self, reader: asyncio.StreamReader, travelling: Travelling, lane: Lane) -> None:
        """Put what comes on the lane, no faster than it carries; an empty piece is the end."""
        data = b"any"
        while data:
            await asyncio.sleep(lane.free_at - self._loop.time() - BACKLOG)
            data = await reader.read(CHUNK)
            travelling.put_nowait((lane.take(len(data), self._loop.time()), data))

    async def _deliver(self, travelling: Travelling, writer: asyncio.StreamWriter) -> None:
        """Hand over each piece when it is due."""
        data = b"any"
        while data:
            due, data = await travelling.get()
            await asyncio.sleep(due - self._loop.time())
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


@contextlib.contextmanager
def linked(target: int, shape: Shape) -> Iterator[Link]:
    """A line of ``shape`` to the port ``target`` while the block runs."""
    link = Link(shape, target)
    ready, done = threading.Event(), asyncio.Event()
    thread = threading.Thread(target=link._loop.run_until_complete, args=(link.serve(ready, done),), daemon=True)
    thread.start()
    try:
        ready.wait()
        yield link
    finally:
        link._loop.call_soon_threadsafe(done.set)
        thread.join()
        link._loop.close()
