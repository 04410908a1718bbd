"""A small HTTP/1.1 client that costs little itself: some connections, each with one request under way."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import uvloop

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ANSWER_S = 120.0
"""An answer that takes longer is none."""


class BadAnswerError(Exception):
    """A server said something else than 200 with a length."""


@dataclass(frozen=True)
class Answers:
    """What came of a list of requests.

    Attributes:
        wall_s: From the first request to the last answer.
        latencies_s: Of each request.
        size: Bytes of all bodies.
        bodies: The bodies in the order of the paths, if they were to be kept.
    """

    wall_s: float
    latencies_s: list[float]
    size: int
    bodies: list[bytes]


def fetch_all(
    port: int, paths: Sequence[str], *, clients: int, headers: Mapping[str, str] = {}, keep: bool = False
) -> Answers:
    """Ask for every path once, ``clients`` at a time, each over a connection that stays open.

    Raises:
        BadAnswerError: An answer was not 200, or did not come.
    """
    return uvloop.run(_fetch_all(port, paths, clients, dict(headers), keep=keep))


async def _fetch_all(
    port: int, paths: Sequence[str], clients: int, headers: dict[str, str], *, keep: bool
) -> Answers:
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    requests = [
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{fields}\r\n".encode("latin-1") for path in paths
    ]
    work = enumerate(requests)
    answers: list[bytes] = [b""] * len(requests)
    loop = asyncio.get_running_loop()
    open_ = [(await loop.create_connection(_Connection, "127.0.0.1", port))[1] for _ in range(clients)]
    latencies: list[float] = []
    size = 0

    async def client(connection: _Connection, work: Iterator[tuple[int, bytes]]) -> None:
        nonlocal size
        for number, request in work:
            began = time.perf_counter()
            body = await connection.ask(request)
            latencies.append(time.perf_counter() - began)
            size += len(body)
            if keep:
                answers[number] = body

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for connection in open_:
            group.create_task(client(connection, work))
    wall = time.perf_counter() - began
    for connection in open_:
        connection.close()
    return Answers(wall, latencies, size, answers if keep else [])


class _Connection(asyncio.Protocol):
    """One connection; its answers come with a Content-Length."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._answer: asyncio.Future[bytes] | None = None
        self._whole = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    async def ask(self, request: bytes) -> bytes:
        """The body of the answer to ``request``."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._whole:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._received[:end]).lower()
            _, _, length = head.partition(b"\r\ncontent-length:")
            if not head.startswith(b"http/1.1 200") or not length:
                self._fail(bytes(self._received[:300]).decode("latin-1"))
                return
            del self._received[: end + 4]
            self._whole = int(length.split(b"\r\n", 1)[0]) or -1
        if len(self._received) >= self._whole and self._answer:
            body = bytes(self._received)
            self._received.clear()
            self._whole = 0
            self._answer.set_result(body)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the connection was closed: {exc}")

    def _fail(self, reason: str) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(BadAnswerError(reason))

    def close(self) -> None:
        if self._transport:
            self._transport.close()
