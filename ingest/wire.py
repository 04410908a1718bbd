"""Takes apart what an RTSP server sends over TCP: messages and interleaved packets (RFC 2326, section 10.12).

Pure of I/O: bytes are received straight into the parser's buffer and packets are handed on as ranges of it,
so that payload which nobody wants is never copied.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ingest.failure import LookFailedError
from models.look import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.limits import LookLimits

_DOLLAR: Final = 0x24
_BLANKS: Final = b"\r\n"
_HEAD_END: Final = b"\r\n\r\n"
_RESPONSE: Final = re.compile(r"RTSP/1\.\d (\d{3})(?: .*)?")
_REQUEST: Final = re.compile(r"[A-Z_]{3,20} \S+ RTSP/1\.\d")
# What may follow a packet, judged by the first bytes alone, so that garbage is named at once.
_BEGINNINGS: Final = (
    b"RTSP/1.",
    *(
        f"{method} ".encode()
        for method in (
            "OPTIONS",
            "ANNOUNCE",
            "GET_PARAMETER",
            "SET_PARAMETER",
            "REDIRECT",
            "TEARDOWN",
            "PAUSE",
        )
    ),
)


@dataclass(frozen=True, slots=True)
class Message:
    """An RTSP response, or a request that the server makes of us.

    Attributes:
        status: The status code, or None for a request.
        headers: Names in lower case, with their values, in order.
        body: What followed, by ``Content-Length``.
    """

    status: int | None
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str) -> str:
        """The first value of a header, or empty."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        """Every value of a header that may come several times."""
        return [value for known, value in self.headers if known == name]


def parse_head(head: bytes, limits: LookLimits) -> tuple[Message, int]:
    """A message's start line and headers, without the blank line.

    Returns:
        The message without its body, and the length of the body that must follow, bytes.

    Raises:
        LookFailedError: ``MALFORMED``, or ``TOO_LARGE`` for more lines or body than the limits.
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    response = _RESPONSE.fullmatch(first)
    if response is None and not _REQUEST.fullmatch(first):
        raise LookFailedError(Outcome.MALFORMED, "the peer does not speak RTSP")
    if len(lines) > limits.head_lines:
        raise LookFailedError(Outcome.TOO_LARGE, "an RTSP message has too many header lines")
    headers = tuple(
        (name.strip().lower(), value.strip())
        for name, colon, value in (line.partition(":") for line in lines)
        if colon
    )
    message = Message(int(response[1]) if response else None, headers)
    length = message.header("content-length") or "0"
    if not (length.isascii() and length.isdigit()):
        raise LookFailedError(Outcome.MALFORMED, "an RTSP message has a Content-Length that is no number")
    if len(length) > len(str(limits.body_bytes)) or int(length) > limits.body_bytes:
        raise LookFailedError(Outcome.TOO_LARGE, "an RTSP message announces too long a body")
    return message, int(length)


class InterleavedParser:
    """Splits the byte stream of one connection.

    Its buffer doubles only while one item that the limits allow does not fit, so it never exceeds twice the
    longest such item.

    Args:
        limits: Bounds on heads, bodies, messages and the whole.
        on_message: Called with each RTSP message.
        on_packet: Called with (channel, buffer, start, stop) for each packet; valid only during the call.
    """

    def __init__(
        self,
        limits: LookLimits,
        on_message: Callable[[Message], None],
        on_packet: Callable[[int, memoryview, int, int], None],
    ) -> None:
        self._limits = limits
        self._on_message = on_message
        self._on_packet = on_packet
        self._buffer = bytearray(limits.receive_buffer)
        self._view = memoryview(self._buffer)
        self._end = 0
        self._messages_left = limits.messages
        self.bytes_received = 0

    def close(self) -> None:
        """Let go of the buffer and of whoever is called, at once rather than when garbage is collected."""
        self._on_message = self._on_packet = _nothing
        self._buffer, self._view = bytearray(), memoryview(b"")

    def room(self) -> memoryview:
        """Where the next bytes are to be written. Never empty."""
        return self._view[self._end :]

    def received(self, count: int) -> None:
        """Parse what ``count`` bytes written to ``room()`` have completed.

        Raises:
            LookFailedError: ``MALFORMED`` or ``TOO_LARGE``; the connection cannot be read on.
        """
        self.bytes_received += count
        if self.bytes_received > self._limits.look_bytes:
            raise LookFailedError(Outcome.TOO_LARGE, "the peer sent more than one look may read")
        self._end += count
        view, end, position = self._view, self._end, 0
        while position < end:
            if view[position] == _DOLLAR:
                if end - position < 4:
                    break
                stop = position + 4 + (view[position + 2] << 8 | view[position + 3])
                if stop > end:
                    break
                self._on_packet(view[position + 1], view, position + 4, stop)
                position = stop
            else:
                length = self._message(position, end)
                if not length:
                    break
                position += length
        self._keep(position)

    def _message(self, start: int, end: int) -> int:
        """Handle the message at ``start``. Returns its length, or 0 while it is not whole."""
        if self._view[start] in _BLANKS:  # RFC 2326, section 4: blank lines before a message are ignored
            self._count_message()
            return 1
        beginning = bytes(self._view[start : min(end, start + 16)])
        if not any(known.startswith(beginning[: len(known)]) for known in _BEGINNINGS):
            raise LookFailedError(Outcome.MALFORMED, "the peer sent bytes that are neither RTSP nor a packet")
        body = self._buffer.find(_HEAD_END, start, end) + len(_HEAD_END)
        if (body if body >= len(_HEAD_END) else end) - start > self._limits.head_bytes:
            raise LookFailedError(Outcome.TOO_LARGE, "the head of an RTSP message is too long")
        if body < len(_HEAD_END):
            return 0
        message, length = parse_head(bytes(self._view[start : body - len(_HEAD_END)]), self._limits)
        if body + length > end:
            return 0
        self._count_message()
        self._on_message(Message(message.status, message.headers, bytes(self._view[body : body + length])))
        return body + length - start

    def _count_message(self) -> None:
        self._messages_left -= 1
        if self._messages_left < 0:
            raise LookFailedError(Outcome.MALFORMED, "the peer sent too many RTSP messages")

    def _keep(self, position: int) -> None:
        """Move what is not yet whole to the front, and double the buffer if that fills it."""
        rest = self._end - position
        if rest and position:
            self._view[:rest] = self._view[position : self._end]
        self._end = rest
        if rest == len(self._buffer):
            larger = bytearray(2 * rest)
            larger[:rest] = self._buffer
            self._buffer, self._view = larger, memoryview(larger)


def _nothing(*_: object) -> None:
    """What a closed parser calls."""
