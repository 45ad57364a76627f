"""Fetching files over HTTP(S), or from ``file://``, in parallel, resumed where a connection breaks."""

from __future__ import annotations

import queue
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from xbuild.errors import ProvisionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import httpx

_CHUNK = 1 << 16
_NETWORK_HINT = "check the network and the proxy settings, try again later, or use another mirror (XBUILD_ARCHIVE)"


class FileMissingError(ProvisionError):
    """The server says that there is no such file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """How patient a transfer is. ``stall`` is the longest time in seconds without a byte; ``backoff`` doubles."""

    attempts: int = 4
    stall: float = 15.0
    backoff: float = 0.5
    parallel: int = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """One file to fetch: ``path`` is where to, ``size`` what it must have, or at most has where ``exact`` is false."""

    url: str
    path: Path
    size: int
    exact: bool = True


class _Retry(Exception):  # noqa: N818 - not an error of ours: the attempt failed and another may succeed
    """Why one attempt failed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Downloader:
    """Fetches files; it verifies their sizes, and the caller what they hold."""

    policy: Policy = field(default_factory=Policy)

    def fetch(
        self,
        downloads: Sequence[Download],
        *,
        accept: Callable[[Download], None],
        advance: Callable[[int], None] = lambda _count: None,
    ) -> None:
        """Fetch all of ``downloads``, calling ``accept`` for each that arrived (in any order, on any thread).

        ``advance`` is told, never on two threads at once, the bytes that arrived; fewer than none if a file had to be
        begun again. Raises the first failure, :class:`ProvisionError`, and stops the others.
        """
        stop = threading.Event()
        lock = threading.Lock()

        def report(count: int) -> None:
            with lock:
                advance(count)

        with _client(self.policy, downloads) as client:

            def work(download: Download) -> None:
                transfer = _Transfer(download=download, policy=self.policy, client=client, stop=stop, advance=report)
                if transfer.run():
                    accept(download)

            _run_parallel(downloads, work, workers=self.policy.parallel, stop=stop)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Transfer:
    """One file's way here."""

    download: Download
    policy: Policy
    client: httpx.Client | None
    stop: threading.Event
    advance: Callable[[int], None]

    def run(self) -> bool:
        """Try until the file is whole, or attempts run out. What arrived before a break is kept for the next try.

        Return whether it is whole: it is not where another transfer's failure stopped this one.
        """
        reason = ""
        for attempt in range(self.policy.attempts):
            if attempt and self.stop.wait(self.policy.backoff * 2 ** (attempt - 1)):
                return False
            try:
                self._attempt()
            except _Retry as error:
                reason = str(error)
                continue
            return not self.stop.is_set()
        raise ProvisionError(
            f"cannot fetch {self.download.url}: {reason} (tried {self.policy.attempts} times)",
            hint=_NETWORK_HINT,
        )

    def _attempt(self) -> None:
        if urlsplit(self.download.url).scheme == "file":
            self._copy()
        else:
            self._get()

    def _copy(self) -> None:
        source = Path(unquote(urlsplit(self.download.url).path))
        try:
            with source.open("rb") as file:
                self._store(iter(lambda: file.read(_CHUNK), b""), offset=0)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _missing(self.download.url) from error

    def _get(self) -> None:
        import httpx  # slow to import

        assert self.client is not None  # noqa: S101 - there is one for every URL that is not file://
        offset = self.download.path.stat().st_size if self.download.path.exists() else 0
        # identity: sizes and ranges are those of the file.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={offset}-"} if offset else {})
        try:
            with self.client.stream("GET", self.download.url, headers=headers) as response:
                self._check_status(response.status_code)
                resumed = response.headers.get("Content-Range", "").startswith(f"bytes {offset}-")
                self._store(response.iter_raw(), offset=offset if response.status_code == 206 and resumed else 0)
        except httpx.TimeoutException as error:
            raise _Retry(f"nothing arrived for {self.policy.stall:g} s") from error
        except httpx.HTTPError as error:
            raise _Retry(str(error) or type(error).__name__) from error

    def _check_status(self, status: int) -> None:
        if status in (404, 410):
            raise _missing(self.download.url)
        if status == 416:  # the range is past the end: what is here is not a beginning of what is there
            size = self._restart()
            raise _Retry(f"{size} of {self.download.size} bytes arrived")
        if status in (408, 425, 429) or status >= 500:
            raise _Retry(f"the server answered {status}")
        if status not in (200, 206):
            raise ProvisionError(
                f"cannot fetch {self.download.url}: the server answered {status}",
                hint="check the address and the proxy settings, or use another mirror (XBUILD_ARCHIVE)",
            )

    def _store(self, chunks: Iterator[bytes], *, offset: int) -> None:
        if self.stop.is_set():
            return
        if not offset:
            self._restart()
        size = offset
        with self.download.path.open("ab") as file:
            for chunk in chunks:
                if self.stop.is_set():
                    return
                size += len(chunk)
                if size > self.download.size:
                    raise ProvisionError(
                        f"{self.download.url} is larger than expected: more than {self.download.size} bytes",
                        hint="the mirror was changed or is in the middle of an update; try again later",
                    )
                file.write(chunk)
                self.advance(len(chunk))
        if self.download.exact and size < self.download.size:
            raise _Retry(f"{size} of {self.download.size} bytes arrived")

    def _restart(self) -> int:
        """Forget what an earlier attempt left, and return how much it was."""
        if not self.download.path.exists():
            return 0
        size = self.download.path.stat().st_size
        self.download.path.unlink()
        self.advance(-size)
        return size


def _missing(url: str) -> FileMissingError:
    return FileMissingError(
        f"not found: {url}",
        hint="the mirror does not have it, or not any more: "
        "run `xbuild target fetch TARGET` to read the archive again, or use another mirror (XBUILD_ARCHIVE)",
    )


def reach(url: str, *, seconds: float) -> None:
    """Ask for ``url`` once and fetch none of it. Raises :class:`ProvisionError` if it cannot be had within a time."""
    import httpx  # slow to import

    if urlsplit(url).scheme == "file":
        if not Path(unquote(urlsplit(url).path)).is_file():
            raise _missing(url)
        return
    policy = Policy(stall=seconds)
    try:
        with _open_client(policy) as client, client.stream("GET", url) as response:
            status = response.status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = f"nothing arrived for {seconds:g} s" if isinstance(error, httpx.TimeoutException) else str(error)
        raise ProvisionError(f"cannot reach {url}: {reason}", hint=_NETWORK_HINT) from error
    if status in (404, 410):
        raise _missing(url)
    if status >= 400:
        raise ProvisionError(f"cannot reach {url}: the server answered {status}", hint=_NETWORK_HINT)


@contextmanager
def _client(policy: Policy, downloads: Sequence[Download]) -> Iterator[httpx.Client | None]:
    """Give an HTTP client if any of the downloads needs one."""
    if all(urlsplit(download.url).scheme == "file" for download in downloads):
        yield None
        return
    with _open_client(policy) as client:
        yield client


def _open_client(policy: Policy) -> httpx.Client:
    """Return an HTTP client: proxies from the environment, the system's trust store."""
    import httpx  # slow to import
    import truststore

    return httpx.Client(
        verify=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        timeout=httpx.Timeout(policy.stall),
        follow_redirects=True,
        headers={"User-Agent": "xbuild"},
    )


def _run_parallel(
    items: Sequence[Download], work: Callable[[Download], None], *, workers: int, stop: threading.Event
) -> None:
    """Call ``work`` for each item on some threads; raise the first failure.

    Daemon threads, not an executor: an interrupt must not wait for those that sit in a stalled read.
    """
    pending: queue.SimpleQueue[Download] = queue.SimpleQueue()
    outcomes: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
    for item in items:
        pending.put(item)

    def loop() -> None:
        while not stop.is_set():
            try:
                item = pending.get_nowait()
            except queue.Empty:
                return
            try:
                work(item)
                outcomes.put(None)
            except BaseException as error:  # handed to the caller's thread, which raises it
                outcomes.put(error)

    threads = [threading.Thread(target=loop, daemon=True) for _ in range(min(workers, len(items)))]
    try:
        for thread in threads:
            thread.start()
        for _ in items:
            outcome = outcomes.get()
            if outcome is not None:
                raise outcome
    finally:
        stop.set()
        for thread in threads:
            if thread.is_alive():
                thread.join(timeout=0.2)  # one in a stalled read is left behind: it writes nothing any more
