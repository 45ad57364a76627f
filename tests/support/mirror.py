"""An HTTP server for a folder that can misbehave as real mirrors do.

with Mirror(archive.root) as mirror:
    mirror.faults["pool/main/h/hello/hello_1.0-1_all.deb"] = [Reset(after=100), Status(503)]   # then it is fine
    mirror.faults["dists/trixie/InRelease"] = [Status(404)] * 99
"""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


@dataclass(frozen=True)
class Status:
    """Answer with this status and no content."""

    code: int


@dataclass(frozen=True)
class Reset:
    """Send ``after`` bytes of the body, then reset the connection."""

    after: int = 0


@dataclass(frozen=True)
class Cut:
    """Send ``after`` bytes of the body, then close the connection."""

    after: int = 0


@dataclass(frozen=True)
class Stall:
    """Send ``after`` bytes of the body, then nothing until the mirror is closed."""

    after: int = 0


@dataclass(frozen=True)
class Body:
    """Answer with other content."""

    content: bytes


@dataclass(frozen=True)
class Redirect:
    """Send the client elsewhere."""

    location: str


Fault = Status | Reset | Cut | Stall | Body | Redirect


class Mirror:
    """Serves ``root`` on 127.0.0.1. Each fault in ``faults[path]`` answers one request; ``requests`` has all."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.faults: dict[str, list[Fault]] = {}
        self.requests: list[str] = []
        self.ranges: list[str] = []
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.mirror = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """The address of ``root``."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    mirror: Mirror

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        mirror = self.server.mirror
        path = unquote(self.path).lstrip("/")
        mirror.requests.append(path)
        queue = mirror.faults.get(path)
        fault = queue.pop(0) if queue else None
        match fault:
            case Status(code):
                self._answer(code, b"")
            case Redirect(location):
                self.send_response(302)
                self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()
            case Body(content):
                self._answer(200, content)
            case _:
                file = mirror.root / path
                if file.is_file():
                    self._serve(file.read_bytes(), fault)
                else:
                    self._answer(404, b"")

    def _serve(self, content: bytes, fault: Reset | Cut | Stall | None) -> None:
        start = 0
        if wanted := self.headers.get("Range"):
            self.server.mirror.ranges.append(wanted)
            start = int(wanted.removeprefix("bytes=").partition("-")[0])
        if start > len(content) or (start and start == len(content)):
            self._answer(416, b"")
            return
        body = content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if fault is None else body[: fault.after])
        match fault:
            case Reset():
                self.wfile.flush()
                self.server.mirror.closing.wait(0.05)  # a reset throws away what the client has not read yet
                linger = struct.pack("ii", 1, 0)  # closing then resets instead of saying good-bye
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
                self.close_connection = True
            case Stall():
                self.server.mirror.closing.wait()
                self.close_connection = True
            case Cut():
                self.close_connection = True
            case None:
                pass

    def _answer(self, code: int, content: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""
