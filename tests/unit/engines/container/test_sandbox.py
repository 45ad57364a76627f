"""The container of a build, with an engine that does as the test says."""

from __future__ import annotations

import io
import select
import socket
import struct
import tarfile
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import docker
import pytest

from xbuild.engines.container import labels
from xbuild.engines.container.limits import parse_limits
from xbuild.engines.container.plan import Mount, Plan
from xbuild.engines.container.sandbox import Sandbox, TimeIsUp, cut_lines, open_sandbox
from xbuild.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LINE = b"again\n"


class FakeEngine:
    """Both client and ``client.api``.

    ``refusal`` is what it says to a container, ``said`` what a worker prints before it waits for ever.
    """

    def __init__(self, *, refusal: str | None = None, said: bytes = LINE) -> None:
        composer = docker.APIClient(base_url="unix:///nowhere", version="1.41")
        self.create_host_config = composer.create_host_config
        self.create_container_config = composer.create_container_config
        self.refusal = refusal
        self.said = said
        self.warnings: list[str] | None = None
        self.done: list[str] = []
        self.archive: list[bytes] = []
        self.made: Mapping[str, Any] = {}
        self.stream: Stream | None = None

    @property
    def api(self) -> FakeEngine:
        return self

    def create_volume(self, name: str, *, labels: Mapping[str, str]) -> None:
        assert labels
        self.done.append(f"volume {name}")

    def create_container_from_config(self, config: Mapping[str, Any], name: str, platform: str | None) -> Any:
        assert platform is None
        if self.refusal is not None:
            raise docker.errors.APIError(self.refusal)
        self.made = config
        self.done.append(f"container {name}")
        return {"Id": "1", "Warnings": self.warnings}

    def attach_socket(self, _name: str, _params: Mapping[str, int]) -> Any:
        here, there = socket.socketpair()
        there.sendall(struct.pack(">BxxxL", 1, len(self.said)) + self.said)
        self.stream = Stream(here, there)
        return self.stream

    def start(self, _name: str) -> None:
        self.done.append("start")

    def stats(self, _name: str, **_options: bool) -> Any:
        return {"pids_stats": {"current": 7}}

    def kill(self, _name: str) -> None:
        self.done.append("kill")

    def get_archive(self, _name: str, path: str) -> Any:
        self.done.append(f"get {path}")
        return iter(self.archive), {}

    def remove_container(self, name: str, **_options: bool) -> None:
        self.done.append(f"remove container {name}")

    def remove_volume(self, name: str, **_options: bool) -> None:
        self.done.append(f"remove volume {name}")


@dataclass
class Stream:
    """What the SDK attaches, which never ends, and the other end of it."""

    here: socket.socket
    there: socket.socket
    _response: Any = field(default_factory=Mock)

    def recv(self, size: int) -> bytes:
        return self.here.recv(size)

    def fileno(self) -> int:
        return self.here.fileno()

    def close(self) -> None:
        self.here.close()
        self.there.close()


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    source = tmp_path / "demo"
    source.mkdir(mode=0o755)
    mount = Mount(here=source, inside=source)  # type: ignore[arg-type]
    return Plan(image="x", platform=None, mounts=(mount,), limits=parse_limits(["timeout=20s"]), memory=0)


def sandbox(plan: Plan, scratch: Path, api: FakeEngine | None = None) -> Sandbox:
    return Sandbox(api or FakeEngine(), "it", plan=plan, scratch=scratch)


def test_what_is_put_into_it_never_lies_in_memory_as_a_whole(tmp_path: Path) -> None:
    wheel = tmp_path / "demo.whl"
    wheel.write_bytes(b"a wheel")
    arrived: dict[str, bytes | None] = {}

    def put_archive(name: str, folder: str, archive: Any) -> None:
        assert (name, folder) == ("it", "/xbuild/run")
        with tarfile.open(fileobj=archive, mode="r:") as tar:
            for member in tar:
                content = tar.extractfile(member)
                arrived[member.name] = content.read() if content else None

    client = Mock()
    client.api.put_archive = put_archive
    Sandbox(client, "it", plan=Mock(), scratch=tmp_path).put({"wheelhouse/demo.whl": wheel, "request.json": b"{}"})

    assert arrived == {"wheelhouse": None, "wheelhouse/demo.whl": b"a wheel", "request.json": b"{}"}
    assert list(tmp_path.iterdir()) == [wheel]


def test_it_is_removed_whatever_happens(plan: Plan, tmp_path: Path) -> None:
    api = FakeEngine()
    with pytest.raises(KeyboardInterrupt), open_sandbox(api, plan, scratch=tmp_path):
        raise KeyboardInterrupt
    made, removed = api.done[:2], api.done[2:]
    name = made[0].removeprefix("volume ")
    assert made == [f"volume {name}", f"container {name}"]
    assert removed == [f"remove container {name}", f"remove volume {name}"]


def test_it_says_whose_it_is_and_how_long_it_may_last(plan: Plan, tmp_path: Path) -> None:
    api = FakeEngine()
    with open_sandbox(api, plan, scratch=tmp_path):
        assert api.made["Labels"][labels.OWNER] == labels.current_owner()
        assert int(api.made["Labels"][labels.UNTIL]) > time.time() + 23 * 3600
        assert api.made["Cmd"] == ["/xbuild/run", "620"]


def test_what_the_engine_warns_of_is_kept(plan: Plan, tmp_path: Path) -> None:
    api = FakeEngine()
    api.warnings = ["Limitation discarded."]
    with open_sandbox(api, plan, scratch=tmp_path) as opened:
        assert opened.warnings == ("Limitation discarded.",)


@pytest.mark.parametrize(
    "said",
    [
        'invalid mount config for type "bind": bind source path does not exist: {}',
        "statfs {}: no such file or directory",
        "make cli opts(): making volume mountpoint for volume {}: mkdir {}: permission denied",
        "Mounts denied: The path {} is not shared from the host and is not known to Docker.",
    ],
)
def test_an_engine_elsewhere_does_not_see_this_machine_s_folders(said: str, plan: Plan, tmp_path: Path) -> None:
    here = plan.mounts[0].here
    with (
        pytest.raises(EngineError) as caught,
        open_sandbox(FakeEngine(refusal=said.format(here, here)), plan, scratch=tmp_path),
    ):
        pass
    assert caught.value.message == f"the container engine does not see {here} of this machine"
    assert caught.value.hint == (
        "share it with the engine's machine, at the same place, or use an engine that runs here"
    )


def test_what_else_the_engine_refuses_is_told_as_it_says_it(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught, open_sandbox(FakeEngine(refusal="no"), plan, scratch=tmp_path):
        pass
    assert caught.value.message == "the container engine failed while making a container: no"


def test_its_time_is_up_though_it_prints_without_end(plan: Plan, tmp_path: Path) -> None:
    opened = sandbox(plan, tmp_path, FakeEngine(said=LINE * 10_000))
    seen = []

    def read() -> None:
        for line in opened.lines(deadline=time.monotonic() + 0.2):
            seen.append(line)
            time.sleep(0.001)

    opened.start()
    with pytest.raises(TimeIsUp) as caught:
        read()
    assert caught.value.processes == 7
    assert set(seen) == {LINE.strip()}
    assert len(seen) < 10_000


def test_it_is_ended_before_anything_is_taken_out_of_it(plan: Plan, tmp_path: Path) -> None:
    api = FakeEngine(said=b"")
    opened = sandbox(plan, tmp_path, api)
    opened.start()
    with pytest.raises(TimeIsUp):
        next(opened.lines(deadline=time.monotonic()))
    assert api.done == ["start", "kill"]


def test_what_it_prints_is_read_to_the_end_though_nobody_listens(plan: Plan, tmp_path: Path) -> None:
    """Docker cannot end a container while it waits for somebody to read what that has printed."""
    api = FakeEngine(said=LINE * 10_000)
    with open_sandbox(api, plan, scratch=tmp_path) as opened:
        opened.start()
    assert api.stream is not None
    deadline = time.monotonic() + 10
    while select.select([api.stream.here], [], [], 0)[0]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_lines_are_cut_and_the_longest_left_out() -> None:
    long = [b"x" * 600_000] * 2
    assert list(cut_lines([b"a\nb", b"c\n\n", *long, b"rest\nd\n", b"no end"])) == [b"a", b"bc", b"", b"d"]


def test_files_that_come_out_are_plain_ones(plan: Plan, tmp_path: Path) -> None:
    assert taken(plan, tmp_path, archive({"out/a.whl": b"wheel", "out/deeper/b.whl": b"", "out/link": None})) == {
        "a.whl": b"wheel"
    }


def test_files_of_which_only_a_part_comes_out(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        taken(plan, tmp_path, archive({"out/a.whl": bytes(10_000)})[:4000])
    assert caught.value.message == "the container engine sent only a part of the files in /xbuild/run/out"


def test_more_files_than_a_build_can_have(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        taken(plan, tmp_path, archive({f"out/{number}": b"" for number in range(1002)}))
    assert caught.value.message == "more than 1000 files came out of the container"


def test_more_than_is_wanted_out_of_it(plan: Plan, tmp_path: Path) -> None:
    api = FakeEngine()
    api.archive = [archive({"logs/demo.log": bytes(3 << 20)})]
    opened = sandbox(plan, tmp_path, api)

    assert len(opened.get("cache/logs")["demo.log"]) == 3 << 20
    with pytest.raises(EngineError) as caught:
        opened.get("cache/logs", most=2 << 20)
    assert caught.value.message == "more than 2 MiB of files came out of the container"


def taken(plan: Plan, scratch: Path, content: bytes) -> dict[str, bytes]:
    api = FakeEngine()
    api.archive = [content[start : start + 1000] for start in range(0, len(content), 1000)]
    return sandbox(plan, scratch, api).get("out")


def archive(files: Mapping[str, bytes | None]) -> bytes:
    """A tar file; None is a symbolic link."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            if content is None:
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            member.size = len(content or b"")
            tar.addfile(member, io.BytesIO(content or b""))
    return out.getvalue()
