from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xbuild.engines.container import client
from xbuild.engines.container.client import is_podman, open_client
from xbuild.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER = json.dumps({"ApiVersion": "1.41", "Version": "20.10", "Components": [{"Name": "Engine"}]}).encode()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: a socket's may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="xb") as name:
        yield Path(name)


@contextlib.contextmanager
def serving(path: Path, *, answer: bytes | None) -> Iterator[None]:
    """A socket that takes connections, and answers every request with the JSON ``answer`` or never."""
    path.parent.mkdir(parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    taken: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            taken.append(connection)
            if answer is not None and connection.recv(4096):
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
                connection.sendall(head.encode() + answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for connection in taken:
            connection.close()


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, folder: Path) -> dict[str, str]:
    """The environment of a machine without an engine."""
    usual = client._usual
    monkeypatch.setattr(
        client,
        "_usual",
        lambda environ: (place for place in usual(environ) if str(folder) in place.url),
    )
    return {"HOME": str(folder / "home"), "XDG_RUNTIME_DIR": str(folder / "run")}


def failure(environ: dict[str, str]) -> EngineError:
    with pytest.raises(EngineError) as caught:
        open_client(environ)
    return caught.value


@pytest.mark.parametrize(
    "place", ["run/docker.sock", "run/podman/podman.sock", "home/.docker/run/docker.sock"], ids=str
)
def test_usual_sockets_are_tried(folder: Path, nowhere: dict[str, str], place: str) -> None:
    with serving(folder / place, answer=ANSWER):
        found = open_client(nowhere)
        assert found.api.base_url == "http+docker://localhost"
        assert not is_podman(found)
        found.close()


def test_podman_is_known_by_its_name(folder: Path, nowhere: dict[str, str]) -> None:
    answer = json.dumps({"ApiVersion": "1.41", "Components": [{"Name": "Podman Engine"}]}).encode()
    with serving(folder / "run" / "podman" / "podman.sock", answer=answer):
        found = open_client(nowhere)
        assert is_podman(found)
        found.close()


def test_without_an_engine_it_says_at_once_what_to_install(nowhere: dict[str, str]) -> None:
    before = time.monotonic()
    error = failure(nowhere)
    assert time.monotonic() - before < 1
    assert error.message == "there is no container engine: neither Docker's nor Podman's socket exists"
    assert error.hint == (
        "install Docker or Podman and start it ('sudo systemctl start docker', 'systemctl --user start podman.socket'),"
        " or name a running engine in DOCKER_HOST"
    )


def test_docker_host_wins_and_is_named(folder: Path, nowhere: dict[str, str]) -> None:
    with serving(folder / "run" / "docker.sock", answer=ANSWER):
        error = failure(nowhere | {"DOCKER_HOST": "unix:///no/such.sock"})
    assert error.message == "there is no container engine at unix:///no/such.sock (DOCKER_HOST): no such socket"


def test_an_engine_that_stopped_left_its_socket(folder: Path, nowhere: dict[str, str]) -> None:
    path = folder / "run" / "docker.sock"
    with serving(path, answer=ANSWER):
        pass
    assert failure(nowhere).message == f"the container engine at unix://{path} is not running"


def test_an_engine_that_hangs_is_given_up(
    folder: Path, nowhere: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ANSWER_WITHIN", 0.2)
    with serving(folder / "run" / "docker.sock", answer=None):
        error = failure(nowhere)
    assert error.message == f"the container engine at unix://{folder}/run/docker.sock did not answer within 0.2 s"
    assert error.hint == "restart it, or name another one in DOCKER_HOST"


def test_a_forbidden_socket_names_its_group(
    folder: Path, nowhere: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "run" / "docker.sock"
    path.parent.mkdir()
    path.touch()
    monkeypatch.setattr(client, "_probe", lambda _path: "forbidden")  # root may do everything
    monkeypatch.setattr(client, "_group_of", lambda _path: "docker")
    error = failure(nowhere)
    assert error.message == (
        f"no permission to use the container engine at unix://{path}: its socket is for root and the group docker"
    )
    assert error.hint == (
        "join the group ('sudo usermod -aG docker $USER', then log in again), "
        "or use rootless Podman ('systemctl --user start podman.socket')"
    )


def test_the_context_of_docker_is_used(folder: Path, nowhere: dict[str, str]) -> None:
    meta = folder / "home" / ".docker" / "contexts" / "meta" / hashlib.sha256(b"mine").hexdigest() / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Endpoints": {"docker": {"Host": f"unix://{folder}/mine.sock"}}}))
    (folder / "home" / ".docker" / "config.json").write_text(json.dumps({"currentContext": "mine"}))
    with serving(folder / "mine.sock", answer=ANSWER):
        open_client(nowhere).close()
    error = failure(nowhere)
    assert (
        error.message == f"the container engine at unix://{folder}/mine.sock (the Docker context 'mine') is not running"
    )


def test_an_unknown_context_is_an_error(folder: Path, nowhere: dict[str, str]) -> None:
    error = failure(nowhere | {"DOCKER_CONTEXT": "gone"})
    meta = folder / "home" / ".docker" / "contexts" / "meta" / hashlib.sha256(b"gone").hexdigest() / "meta.json"
    assert error.message == f"the Docker context 'gone' does not exist, or names no engine: {meta}"


def test_the_client_is_not_imported_to_find_that_there_is_no_engine(folder: Path) -> None:
    """It takes a quarter of a second."""
    code = (
        "import sys; from xbuild.engines.container.client import open_client\n"
        "try: open_client({'DOCKER_HOST': 'unix:///no'})\n"
        "except Exception: print('docker' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
