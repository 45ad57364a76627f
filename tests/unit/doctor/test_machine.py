"""The build machine, with much of it broken."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.target_trees import write

from xbuild.doctor import machine
from xbuild.doctor.machine import check_archive, check_cache, check_machine

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOBODY = 65534
SUBJECTS = ["xbuild", "build machine", "cache", "archive", "uv", "build Pythons", "QEMU", "zig", "container engine"]


def program(path: Path, text: str) -> Path:
    return write(path, f"#!/bin/sh\n{text}\n", executable=True)


def test_everything_is_looked_at_and_nothing_is_made(tmp_path: Path) -> None:
    environ = {"PATH": "/usr/bin:/bin", "XBUILD_CACHE_DIR": str(tmp_path / "cache")}
    environ["DOCKER_HOST"] = f"unix://{tmp_path}/no.sock"
    checks = list(check_machine(environ, archive="/nonexistent", offline=True))
    subjects = [check.subject for check in checks]
    assert subjects == [*SUBJECTS, *machine._PROGRAMS]
    assert not (tmp_path / "cache").exists()
    assert [check.subject for check in checks if check.status == "problem"] == []


def test_the_machine_is_not_one_xbuild_runs_on() -> None:
    check = machine._machine("Darwin", "arm64")
    assert (check.status, check.exit_status) == ("problem", 11)
    assert check.finding == "xbuild builds on Linux, and this is Darwin"


# The cache


def test_a_cache_that_is_there(tmp_path: Path) -> None:
    check = check_cache(tmp_path)
    assert check.status == "ok"
    assert check.finding.startswith(f"{tmp_path}, ")
    assert check.finding.endswith(" MiB free")


def test_a_cache_that_is_not_there_yet(tmp_path: Path) -> None:
    check = check_cache(tmp_path / "new" / "cache")
    assert check.finding.startswith(f"{tmp_path}/new/cache, empty, ")
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    check = check_cache(tmp_path / "cache")
    assert (check.status, check.exit_status) == ("problem", 12)
    assert check.finding == f"{tmp_path}/cache cannot be used: not a directory"
    assert check.remedy == "set XBUILD_CACHE_DIR to a folder that you may write to"


@pytest.fixture
def users_folder() -> Iterator[Path]:
    """A folder of an ordinary user, who the test is: root may read and write everything."""
    folder = Path(tempfile.mkdtemp())
    root = os.geteuid() == 0
    if root:
        os.chown(folder, _NOBODY, -1)
        os.seteuid(_NOBODY)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        shutil.rmtree(folder)


@pytest.mark.parametrize("mode", [0o000, 0o500, 0o300])
def test_a_cache_that_is_forbidden(mode: int, users_folder: Path) -> None:
    folder = users_folder / "cache"
    folder.mkdir(mode=mode)
    check = check_cache(folder)
    folder.chmod(0o700)
    assert (check.status, check.finding) == ("problem", f"{folder} cannot be used: permission denied")


def test_a_cache_below_a_folder_that_is_forbidden(users_folder: Path) -> None:
    folder = users_folder / "home"
    folder.mkdir(mode=0o000)
    check = check_cache(folder / "x" / "cache")
    folder.chmod(0o700)
    assert (check.status, check.finding) == ("problem", f"{folder}/x/cache cannot be used: permission denied")


def test_a_cache_whose_name_no_disk_takes(tmp_path: Path) -> None:
    check = check_cache(tmp_path / ("x" * 300))
    assert (check.status, check.exit_status) == ("problem", 12)
    assert check.finding.endswith("xxx cannot be used: file name too long")


def test_too_little_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_LEAST_SPACE", 1 << 62)
    check = check_cache(tmp_path)
    assert (check.status, check.exit_status) == ("problem", 12)
    assert check.finding.endswith(" free, too little for a build")
    assert check.remedy == "free some space, or set XBUILD_CACHE_DIR to a folder on a larger disk"


# The archive


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response({"good": 200, "gone": 404, "broken": 503}[self.path.split("/")[1]])
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"abc")

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def dead() -> str:
    """An address where nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_an_archive_that_answers(server: str) -> None:
    check = check_archive(f"{server}/good", {}, offline=False)
    assert (check.status, check.finding) == ("ok", f"{server}/good (from the archive option), answers")


@pytest.mark.parametrize(
    ("path", "finding"),
    [("broken", "cannot reach {url}: the server answered 503"), ("gone", "not found: {url}")],
)
def test_an_archive_that_has_nothing(path: str, finding: str, server: str) -> None:
    check = check_archive(f"{server}/{path}", {}, offline=False)
    assert (check.status, check.exit_status) == ("problem", 12)
    assert check.finding == finding.format(url=f"{server}/{path}/dists/trixie/InRelease")


def test_an_archive_that_is_dead(dead: str) -> None:
    check = check_archive(None, {"XBUILD_ARCHIVE": dead}, offline=False)
    assert (check.status, check.exit_status) == ("problem", 12)
    assert check.finding.startswith(f"cannot reach {dead}/dists/trixie/InRelease: ")
    assert check.remedy is not None
    assert "proxy" in check.remedy


def test_a_proxy_that_is_dead(server: str, dead: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", dead)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    check = check_archive(f"{server}/good", {}, offline=False)
    assert (check.status, check.exit_status) == ("problem", 12)


def test_an_archive_is_not_asked_offline(dead: str) -> None:
    check = check_archive(dead, {}, offline=True)
    assert (check.status, check.finding) == ("ok", f"{dead} (from the archive option), not asked (--offline)")


def test_an_archive_that_is_a_folder(tmp_path: Path) -> None:
    assert check_archive(str(tmp_path), {}, offline=False).finding == (
        f"not found: file://{tmp_path}/dists/trixie/InRelease"
    )
    write(tmp_path / "dists/trixie/InRelease", "")
    assert check_archive(str(tmp_path), {}, offline=False).status == "ok"


def test_an_archive_that_is_no_address() -> None:
    check = check_archive("what", {}, offline=True)
    assert (check.status, check.exit_status) == ("problem", 2)
    assert check.finding == "the archive option: expected the address of a Debian mirror, found 'what'"


# Programs


def test_an_emulator_that_is_broken_is_said_to_be_passed_over(tmp_path: Path) -> None:
    broken = program(tmp_path / "qemu-riscv64", "exit 1")
    old = program(tmp_path / "qemu-aarch64-static", "echo qemu-aarch64 version 5.2.0")
    program(tmp_path / "qemu-ppc64le", "echo qemu-ppc64le version 9.1.0")
    passed_over, used = machine._emulators(str(tmp_path))
    assert (passed_over.status, used.status) == ("absent", "ok")
    assert str(broken) in passed_over.finding
    assert str(old) in passed_over.finding
    assert passed_over.remedy == "mend or remove it; until then one is fetched"
    assert used.finding == f"ppc64le: 9.1.0 ({tmp_path}/qemu-ppc64le)"


def test_no_emulator() -> None:
    (check,) = machine._emulators("/nonexistent")
    assert (check.status, check.finding, check.remedy) == ("absent", "not on PATH; one is fetched", None)


def test_pythons(tmp_path: Path) -> None:
    program(tmp_path / "bin/python3.13", "exit 0")
    program(tmp_path / "bin/python3.12", "echo no venv >&2; exit 1")
    program(tmp_path / "pyenv/versions/3.14.2/bin/python3.14", "exit 0")
    shim = program(tmp_path / "pyenv/shims/python3.11", "exit 0")
    check = machine._pythons(f"{shim.parent}:{tmp_path}/bin", {"PYENV_ROOT": str(tmp_path / "pyenv")})
    assert check.status == "ok"
    assert check.finding == (
        f"3.13 ({tmp_path}/bin/python3.13), 3.14 ({tmp_path}/pyenv/versions/3.14.2/bin/python3.14); "
        f"{tmp_path}/bin/python3.12 is not used: it has no venv module; others are fetched"
    )


def test_no_container_engine(tmp_path: Path) -> None:
    check = machine._engine({"DOCKER_HOST": f"unix://{tmp_path}/no.sock"})
    assert (check.status, check.exit_status) == ("absent", 0)
    assert f"{tmp_path}/no.sock" in check.finding
    assert check.remedy is not None
    assert check.remedy.startswith("for --engine container, ")


def test_no_python() -> None:
    check = machine._pythons("/nonexistent", {})
    assert (check.status, check.finding) == ("absent", "none on this machine; others are fetched")


def test_uv_that_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = program(tmp_path / "uv", "echo bad interpreter >&2; exit 1")
    monkeypatch.setattr("uv.find_uv_bin", lambda: str(uv))
    (check,) = machine._uv()
    assert (check.status, check.exit_status) == ("problem", 13)
    assert check.finding == f"{uv} does not start: bad interpreter"
    assert check.remedy == "install xbuild again: uv is one of its requirements"


def test_the_size_of_a_cache_that_du_does_not_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "size unknown" in check_cache(tmp_path).finding
