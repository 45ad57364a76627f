"""Real container engines for tests: a Docker and a Podman of their own, with all they keep in a temporary folder.

They share nothing with an engine of the machine: socket, images and processes are their own, and are gone at the end.
No image registry is asked: the base image is made of the archive's packages and called as the public one is.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest

from xbuild.engines.container.images import DEFAULT_BASE
from xbuild.provision.debian.sources import ArchiveSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NAMES = ("docker", "podman")
_START_WITHIN = 60.0


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A running engine. ``environ`` is the environment of programs that shall use it."""

    name: str
    client: docker.DockerClient
    environ: dict[str, str]


@contextmanager
def running_engine(name: str, *, base: Path, cache: Path) -> Iterator[Engine]:
    """Run the engine ``name`` with the base image of the file ``base``. Skips the test where it cannot be."""
    if os.geteuid() != 0:
        pytest.skip("starting a container engine of one's own needs root")
    # Short, because the path of a socket has to be; sockets of the engine's parts are further below.
    root = Path(tempfile.mkdtemp(prefix=f"xb-{name}-"))
    try:
        command, stop = (_docker if name == "docker" else _podman)(root)
        with _running(command, log=root / "log", socket=root / "sock") as client:
            try:
                _import(client, base)
                environ = dict(os.environ) | {
                    "DOCKER_HOST": f"unix://{root}/sock",
                    "XBUILD_CACHE_DIR": str(cache),
                    # Its containers have no network but the machine's: an engine for tests changes no firewall.
                    "XBUILD_CONTAINER_NETWORK": "host",
                }
                yield Engine(name=name, client=client, environ=environ)
            finally:
                stop()
    finally:
        _unmount_below(root)
        shutil.rmtree(root, ignore_errors=True)


def _import(client: docker.DockerClient, base: Path) -> None:
    said = client.api.import_image_from_file(str(base), "base")
    image = json.loads(said.splitlines()[-1])["status"]
    client.api.tag(image, *DEFAULT_BASE.split(":"))  # Podman would not take the tag from the import


def make_base_image(folder: Path) -> Path:
    """Make a small Debian of the archive's packages, as a tar file in ``folder``."""
    mmdebstrap = _program("mmdebstrap")
    tar = folder / "base.tar"
    mirror = ArchiveSettings.discover(None, os.environ)
    source = f"deb {'' if mirror.check_valid_until else '[check-valid-until=no] '}{mirror.url} trixie main"
    done = subprocess.run(
        [mmdebstrap, "--quiet", "--variant=apt", "--aptopt=Apt::Install-Recommends false", "trixie", tar, source],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return tar


def _docker(root: Path) -> tuple[list[str], Callable[[], None]]:
    name = f"xbuild-tests-{os.getpid()}"
    command = [
        _program("dockerd"),
        f"--host=unix://{root}/sock",
        f"--data-root={root}/data",
        f"--exec-root={root}/exec",
        f"--pidfile={root}/pid",
        # Apart from a Docker of the machine, if both use its containerd.
        f"--containerd-namespace={name}",
        f"--containerd-plugins-namespace={name}-plugins",
        "--bridge=none",
        "--iptables=false",
        "--ip-forward=false",
        "--ip-masq=false",
    ]
    return command, lambda: None


def _podman(root: Path) -> tuple[list[str], Callable[[], None]]:
    podman = [
        _program("podman"),
        f"--root={root}/data",
        f"--runroot={root}/run",
        f"--tmpdir={root}/tmp",
        "--runtime=runc",  # what Podman prefers refuses a machine that has cgroups of both versions
        "--cgroup-manager=cgroupfs",
    ]
    (root / "tmp").mkdir()
    probe = subprocess.run([*podman, "info"], capture_output=True, text=True, check=False)
    if probe.returncode and "overlay" in probe.stderr:
        podman.append("--storage-driver=vfs")
    service = [*podman, "system", "service", "--time=0", f"unix://{root}/sock"]
    # Containers get the limits of the service, which must be what it may set.
    command = ["sh", "-c", 'ulimit -n 1024; ulimit -u 4096; exec "$@"', "sh", *service]
    # Unlike Docker's, its containers are not its children.
    return command, lambda: _quietly([*podman, "rm", "--force", "--all", "--time=0"])


@contextmanager
def _running(command: Sequence[str], *, log: Path, socket: Path) -> Iterator[docker.DockerClient]:
    with log.open("wb") as output:
        service = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield _wait_for(service, log=log, socket=socket)
    finally:
        service.terminate()
        try:
            service.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(service.pid, signal.SIGKILL)
            service.wait()


def _wait_for(service: subprocess.Popen[bytes], *, log: Path, socket: Path) -> docker.DockerClient:
    deadline = time.monotonic() + _START_WITHIN
    while service.poll() is None and time.monotonic() < deadline:
        if socket.exists():
            try:
                return docker.DockerClient(base_url=f"unix://{socket}", version="auto", timeout=600)
            except docker.errors.DockerException:
                pass
        time.sleep(0.1)
    said = "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-10:])
    pytest.skip(f"the container engine does not start here:\n{said}")


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"there is no {name} on PATH")
    return path


def _quietly(command: Sequence[str]) -> None:
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)


def _unmount_below(root: Path) -> None:
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text("utf-8").splitlines()]
    for mount in sorted((mount for mount in mounts if Path(mount).is_relative_to(root)), reverse=True):
        _quietly(["umount", "--lazy", mount])
