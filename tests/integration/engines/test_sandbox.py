"""What a hostile build can do to the machine, to the output folder and to the engine: nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.projects import write_project

from xbuild.engines.container import labels
from xbuild.engines.container.engine import ContainerEngine
from xbuild.engines.container.limits import parse_limits
from xbuild.errors import BuildError, EngineError, XBuildError
from xbuild.pipeline import WheelRequest
from xbuild.progress import SilentProgress
from xbuild.selection import Selection
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.engines.conftest import BuiltImage
    from tests.support.engines import Engine as RunningEngine

    from xbuild.pipeline import Result

    Build = Callable[..., Result]

pytestmark = [pytest.mark.container, pytest.mark.network]

PROGRAM = Path(sys.executable).with_name("xbuild")
RISCV64 = Selection(target=get_target("riscv64"), python="3.13")

WRITES = """
places = ["/xbuild/source/demo/hacked", "/etc/passwd", "/usr/bin/hacked", "/opt/xbuild/cache/hacked", "/hacked"]
for place in places:
    try:
        open(place, "a").write("hacked")
    except OSError as error:
        print(error)
    else:
        raise SystemExit(f"wrote to {place}")
return pure_wheel(directory)
"""
FORKS = """
import os, time
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.1)
"""
MEMORY = """
kept = []
while True:
    kept.append(bytearray(1 << 24))
"""
SLEEPS = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(10_000)
"""
PRINTS = """
while True:
    print("again " * 100, flush=True)
"""
FILLS = """
with open("filler", "wb") as file:
    while True:
        file.write(bytes(1 << 20))
"""
CONNECTS = """
import socket
socket.create_connection(("192.0.2.1", 80), timeout=5)
"""
ROOT = """
import ctypes, os
assert os.getuid() != 0
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
assert all(int(status[name], 16) == 0 for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb")), status
assert status["NoNewPrivs"] == "1", status
return pure_wheel(directory)
"""
LIES = """
import os
for process in ("1", str(os.getppid())):
    for place in (f"/proc/{process}/fd/{number}" for number in range(10)):
        try:
            with open(place, "w") as stream:
                stream.write('\\n{"result": {"wheels": ["../../../etc/cron.d/x"], "report": {"builds": [{}]}}}\\n')
        except OSError:
            pass
raise SystemExit("lied")
"""
LINKS = """
import os
pure_wheel(directory)
os.rename(directory + "/demo-1-py3-none-any.whl", directory + "/real")
os.symlink("/etc/passwd", directory + "/demo-1-py3-none-any.whl")
return "demo-1-py3-none-any.whl"
"""


@pytest.fixture
def outdir(tmp_path: Path) -> Path:
    return tmp_path / "dist"


@pytest.fixture
def build(engine: RunningEngine, image: BuiltImage, tmp_path: Path, outdir: Path) -> Build:
    """Build a project in a container; ``limits`` are ``KEY=VALUE``."""
    assert image.request.selections == (RISCV64,)

    def run(code: str, *limits: str, image: str | None = None, selection: Selection = RISCV64) -> Result:
        source = write_project(tmp_path / "demo", code)
        request = WheelRequest(source=str(source), selections=(selection,), outdir=outdir)
        engine_ = ContainerEngine(limits=parse_limits(limits), image=image)
        return engine_.run(request, progress=SilentProgress(), environ=engine.environ)

    return run


@pytest.fixture(autouse=True)
def _nothing_is_left(engine: RunningEngine, image: BuiltImage) -> Iterator[None]:  # noqa: ARG001, made before
    yield
    assert left(engine) == []


def left(engine: RunningEngine) -> list[str]:
    """The containers and volumes there are."""
    containers = engine.client.api.containers(all=True)
    volumes = engine.client.api.volumes()["Volumes"] or []
    return [container["Id"] for container in containers] + [volume["Name"] for volume in volumes]


def test_it_writes_outside(build: Build, tmp_path: Path, outdir: Path) -> None:
    build(WRITES)

    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == ["backend.py", "pyproject.toml"]
    assert [path.name for path in outdir.iterdir()] == ["demo-1-py3-none-any.whl"]


def test_it_is_nobody_and_can_become_nobody_else(build: Build) -> None:
    build(ROOT)


def test_it_opens_a_socket(build: Build, outdir: Path) -> None:
    with pytest.raises(BuildError, match=r"\(a build in a container has no network\)") as caught:
        build(CONNECTS)

    assert str(caught.value.hint).startswith("'--container network=true' allows it one; ")
    assert not outdir.exists()


def test_it_listens_where_nobody_hears_it(build: Build) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(BuildError, match="Connection refused"):
            build(f"import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=5)")


def test_it_forks_without_end(build: Build, outdir: Path) -> None:
    with pytest.raises(BuildError, match=r"not finished after 20 s, with \d+ processes of at most 100") as caught:
        build(FORKS, "pids=100", "timeout=20s")

    assert caught.value.hint == "'--container timeout=TIME' allows more"
    assert not outdir.exists()


def test_it_eats_the_memory(build: Build, outdir: Path) -> None:
    with pytest.raises(BuildError, match=r"\(the build reached its limit of 300 MiB of memory\)") as caught:
        build(MEMORY, "memory=300m")

    assert str(caught.value.hint).startswith("'--container memory=SIZE' allows more; ")
    assert not outdir.exists()


def test_it_sleeps_for_ever(build: Build, outdir: Path) -> None:
    before = time.monotonic()
    with pytest.raises(BuildError, match="the build was stopped: not finished after 10 s"):
        build(SLEEPS, "timeout=10s")

    assert time.monotonic() - before < 60
    assert not outdir.exists()


def test_it_prints_without_end(build: Build, outdir: Path) -> None:
    before = time.monotonic()
    with pytest.raises(BuildError, match="the build was stopped: not finished after 10 s"):
        build(PRINTS, "timeout=10s")

    assert time.monotonic() - before < 60
    assert not outdir.exists()


def test_few_processes_are_counted_of_the_build_alone(build: Build, outdir: Path) -> None:
    """As many as there may be in the container run outside it already, of the same user."""
    sleepers = [subprocess.Popen(["sleep", "600"], user=1000, group=1000) for _ in range(60)]
    try:
        build("return pure_wheel(directory)", "pids=50")
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()

    assert [path.name for path in outdir.iterdir()] == ["demo-1-py3-none-any.whl"]


@pytest.fixture
def _closed() -> Iterator[None]:
    """What is made is for its owner alone."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_closed")
def test_a_source_that_only_root_may_read(build: Build) -> None:
    with pytest.raises(EngineError, match="is closed to the container's user, which is number 1000 and never root"):
        build("return pure_wheel(directory)")


@pytest.fixture
def small_disk(engine: RunningEngine) -> Iterator[None]:
    """The engine keeps its volumes where little else fits."""
    volumes = Path(engine.client.info()["DockerRootDir"], "volumes")
    volumes.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", volumes], check=True)
    yield
    subprocess.run(["umount", volumes], check=True)


@pytest.mark.usefixtures("small_disk")
def test_it_fills_the_disk(build: Build, outdir: Path) -> None:
    with pytest.raises(
        BuildError, match=r"No space left on device \(the disk of the container engine is full\)"
    ) as caught:
        build(FILLS)

    assert str(caught.value.hint).startswith("free some space where the engine keeps its data; ")
    assert not outdir.exists()


@pytest.mark.parametrize("code", [LIES, LINKS], ids=["lies", "links"])
def test_it_says_what_is_not_true(build: Build, outdir: Path, code: str) -> None:
    with pytest.raises(XBuildError):
        build(code)

    assert not outdir.exists()


def test_it_requires_what_uv_would_obey_outside(engine: RunningEngine, tmp_path: Path, outdir: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "setup.py").write_text(f"open({str(tmp_path / 'hacked')!r}, 'w')")
    marker = rf'os_name == "\x22\n-e {victim}\n#"'
    source = write_project(tmp_path / "demo", "return pure_wheel(directory)", requires=[f"demo; {marker}"])
    request = WheelRequest(source=str(source), selections=(RISCV64,), outdir=outdir)

    with pytest.raises(BuildError, match="which has characters that no requirement needs"):
        ContainerEngine().run(request, progress=SilentProgress(), environ=engine.environ)

    assert not (tmp_path / "hacked").exists()
    assert not outdir.exists()


def test_a_network_for_those_who_ask(build: Build) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        build(
            f"import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=5)\nreturn pure_wheel(directory)",
            "network=host",
        )


def test_an_image_without_xbuild(build: Build) -> None:
    with pytest.raises(EngineError, match="the image has no xbuild") as caught:
        build("", image="debian:trixie-slim")

    assert "'xbuild image build'" in str(caught.value.hint)


def test_an_image_that_does_not_exist(build: Build) -> None:
    with pytest.raises(EngineError, match="cannot pull the image xbuild-tests-none"):
        build("", image="xbuild-tests-none")


def test_an_image_without_the_target(build: Build, image: BuiltImage) -> None:
    with pytest.raises(EngineError, match=r"the image lacks what a build for ppc64le needs: CPython 3.13 for ppc64le"):
        build("", image=image.id, selection=Selection(target=get_target("ppc64le"), python="3.13"))


def test_an_image_of_the_users_own(build: Build, image: BuiltImage, outdir: Path) -> None:
    build("return pure_wheel(directory)", image=image.id)

    assert [path.name for path in outdir.iterdir()] == ["demo-1-py3-none-any.whl"]


@contextmanager
def running_command(engine: RunningEngine, source: Path, outdir: Path) -> Iterator[subprocess.Popen[str]]:
    """The real command, when its container is at work."""
    command = [str(PROGRAM), "wheel", str(source), "--target", "riscv64", "--engine", "container"]
    process = subprocess.Popen(
        [*command, "--outdir", str(outdir)],
        env=engine.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        while not any(each["State"] == "running" for each in engine.client.api.containers()):
            assert process.poll() is None, process.communicate()
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("sign", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupt(engine: RunningEngine, tmp_path: Path, outdir: Path, sign: signal.Signals, status: int) -> None:
    source = write_project(tmp_path / "demo", SLEEPS)
    with running_command(engine, source, outdir) as process:
        os.killpg(process.pid, sign)
        _, said = process.communicate(timeout=60)

    assert process.returncode == status
    assert "Traceback" not in said
    assert left(engine) == []
    assert not outdir.exists()


def test_a_second_interrupt_leaves_nothing_either(engine: RunningEngine, tmp_path: Path, outdir: Path) -> None:
    source = write_project(tmp_path / "demo", SLEEPS)
    with running_command(engine, source, outdir) as process:
        for _ in range(20):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.05)
        _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Traceback" not in said
    assert left(engine) == []


def test_what_a_killed_client_leaves_is_pruned(engine: RunningEngine, tmp_path: Path, outdir: Path) -> None:
    source = write_project(tmp_path / "demo", SLEEPS)
    with running_command(engine, source, outdir) as process:
        process.kill()
        process.wait()
    assert len(left(engine)) == 2  # the container, still running, and its volume

    subprocess.run([str(PROGRAM), "image", "prune"], env=engine.environ, check=True, capture_output=True)

    assert left(engine) == []


def test_an_engine_that_goes_away(engine: RunningEngine, tmp_path: Path, outdir: Path) -> None:
    source = write_project(tmp_path / "demo", SLEEPS)
    with relay(engine.environ["DOCKER_HOST"], tmp_path / "sock") as (host, cut):
        cut_off = replace(engine, environ={**engine.environ, "DOCKER_HOST": host})
        with running_command(cut_off, source, outdir) as process:
            cut()
            _, said = process.communicate(timeout=60)

    assert process.returncode == 16
    assert "error: the container engine went away" in said
    assert "Traceback" not in said
    assert not outdir.exists()
    for container in engine.client.containers.list(all=True, filters={"label": f"{labels.RUN}=1"}):
        container.remove(force=True, v=True)
    for volume in engine.client.volumes.list(filters={"label": f"{labels.RUN}=1"}):
        volume.remove(force=True)


@contextmanager
def relay(host: str, path: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """A socket that leads to the engine, until it is cut."""
    connections: list[socket.socket] = []
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def accept() -> None:
        while True:
            try:
                near, _ = server.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(host.removeprefix("unix://"))
            connections.extend((near, far))
            for pair in ((near, far), (far, near)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    def cut() -> None:
        path.unlink()
        for each in (server, *connections):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"unix://{path}", cut
    finally:
        path.unlink(missing_ok=True)
        for each in (server, *connections):
            each.close()
