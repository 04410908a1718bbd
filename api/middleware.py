"""What stands before every route: security headers, limits, and a net for the unexpected. Pure ASGI."""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException

from api.errors import problem
from base.ids import new_id
from base.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = get_logger(__name__)

MAX_BODY_BYTES = 2 << 20
"""A list of 50,000 device ids, the longest thing anybody sends but files, has 1.2 MB."""
MAX_TARGET_BYTES = 8192
"""Of path and query together."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
JSON_TYPES = frozenset({"application/json", "application/merge-patch+json"})
UPLOAD_TYPES = frozenset(
    {
        "text/csv",
        "application/vnd.ms-excel",  # what browsers on Windows call CSV
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/geo+json",
        "application/json",
        "application/geopackage+sqlite3",
        "application/zip",
        "application/octet-stream",
    }
)
"""Of files; what each is, its content tells."""

CONTENT_SECURITY_POLICY = "; ".join(  # noqa: FLY002 - one directive a line reads better
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "media-src 'self' blob:",
        "manifest-src 'self'",
        "worker-src 'self' blob:",  # MapLibre GL starts its workers from blobs
        "child-src blob:",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}

TRANSPORT_SECURITY = {"Strict-Transport-Security": "max-age=31536000"}


class SecurityHeaders:
    """Puts the security headers on every answer, and forbids storing what does not say otherwise."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = {**SECURITY_HEADERS, **(TRANSPORT_SECURITY if https else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI 3)."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Net:
    """Turns an exception that nobody foresaw into a 500 with an id that stands in the log as well."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI 3)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0
        began = time.perf_counter()

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except Exception:  # the last net: whatever it is, the asker gets an answer
            incident = str(new_id())
            log.exception("unforeseen", method=scope["method"], path=scope["path"], instance=incident)
            if not status:
                answer = problem(
                    500,
                    "unforeseen",
                    "Something went wrong that should not have. It has been logged.",
                    instance=f"urn:uuid:{incident}",
                )
                await answer(scope, receive, send_noting)
        # The query is left out: it may hold what somebody searched for.
        log.debug(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=status,
            ms=round((time.perf_counter() - began) * 1000, 1),
        )


class Limits:
    """Refuses what is too large, what is addressed to another host, and what another site sent.

    Args:
        app: What comes next.
        hosts: Names under which browsers may reach this server; None lets any name through. A page of a
            hostile site whose name was pointed at this machine (DNS rebinding) is refused by it.
        max_body_bytes: Most that a request may carry.
        uploads: Paths to which files may be posted, and most bytes of each.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: frozenset[str] | None,
        max_body_bytes: int = MAX_BODY_BYTES,
        uploads: Mapping[str, int] | None = None,
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._max_body = max_body_bytes
        self._uploads = uploads or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI 3)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal:
            status, code, detail = refusal
            await problem(status, code, detail)(scope, receive, send)
            return
        await self._app(scope, self._counted(receive, self._most(scope)), send)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str, str] | None:
        types = UPLOAD_TYPES if self._is_upload(scope) else JSON_TYPES
        return (
            self._oversize(scope, headers) or self._misaddressed(headers) or _foreign(scope, headers, types)
        )

    def _is_upload(self, scope: Scope) -> bool:
        return scope["method"] == "POST" and scope["path"] in self._uploads

    def _most(self, scope: Scope) -> int:
        return self._uploads[scope["path"]] if self._is_upload(scope) else self._max_body

    def _oversize(self, scope: Scope, headers: Headers) -> tuple[int, str, str] | None:
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_TARGET_BYTES:
            return 414, "target-too-long", f"An address has at most {MAX_TARGET_BYTES} bytes."
        length, most = headers.get("content-length", "0"), self._most(scope)
        if not length.isdecimal() or int(length[:12]) > most:
            return 413, "body-too-large", f"This request carries at most {most:,} bytes."
        return None

    def _misaddressed(self, headers: Headers) -> tuple[int, str, str] | None:
        if self._hosts is not None and host_of(headers.get("host", "")) not in self._hosts:
            return 421, "misdirected", "This server is not known under that name."
        return None

    @staticmethod
    def _counted(receive: Receive, most: int) -> Receive:
        received = 0

        async def receive_counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise HTTPException(413)
            return message

        return receive_counting


def host_of(authority: str) -> str:
    """The host of a Host header or a URL's authority: lower case, without the port; empty if it is none."""
    try:
        return (urlsplit(f"//{authority}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def hosts_for(api_host: str, public_hosts: tuple[str, ...] = ()) -> frozenset[str] | None:
    """The names to listen to: on loopback its own and those of its proxy, on an open address any."""
    try:
        loopback = ipaddress.ip_address(api_host).is_loopback
    except ValueError:
        loopback = api_host == "localhost"
    return frozenset({"localhost", "127.0.0.1", "::1", api_host, *public_hosts}) if loopback else None


def _foreign(scope: Scope, headers: Headers, types: frozenset[str]) -> tuple[int, str, str] | None:
    """What another site's page made a browser send."""
    if scope["method"] in SAFE_METHODS:
        return None
    if not _same_site(headers):
        return 403, "cross-site", "Another site's page may not change anything here."
    carries = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    # A form of another site can send three other types, never these.
    if carries and headers.get("content-type", "").split(";")[0].strip().lower() not in types:
        return 415, "unsupported-media-type", f"This request carries {' or '.join(sorted(types))}."
    return None


def _same_site(headers: Headers) -> bool:
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    # Scheme and port may differ behind a proxy that ends TLS; the name may not.
    return origin is None or (host_of(_authority(origin)) == host_of(headers.get("host", "")) != "")


def _authority(url: str) -> str:
    """The authority of a URL, or empty."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""
