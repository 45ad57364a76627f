"""Removing what a run made, undisturbed by whoever wants the run to end sooner."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import docker

from xbuild.engines.container.building import GONE

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def remove_run(client: docker.DockerClient, name: str) -> None:
    """Remove the container and the volume ``name``, as far as they are there and the engine is."""
    with undisturbed():
        with suppress(docker.errors.DockerException, *GONE):
            client.api.remove_container(name, v=True, force=True)
        with suppress(docker.errors.DockerException, *GONE):
            client.api.remove_volume(name, force=True)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put off the signals that would end this process to the end of the block; then the first that came is obeyed."""
    if threading.current_thread() is not threading.main_thread():  # where no signal is handled
        yield
        return
    came: list[int] = []
    previous: dict[signal.Signals, Any] = {}
    try:
        for number in _ENDING:
            handler = signal.getsignal(number)
            if handler not in (signal.SIG_IGN, None):
                previous[number] = handler
                signal.signal(number, lambda number, _frame: came.append(number))
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])
