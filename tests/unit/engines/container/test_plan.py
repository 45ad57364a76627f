"""What the engine is told to make of a plan. The SDK composes it without an engine."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import docker
import pytest

from xbuild.engines.container.facts import EngineFacts, read_facts
from xbuild.engines.container.limits import parse_limits
from xbuild.engines.container.plan import Mount, Plan, configuration
from xbuild.errors import EngineError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    source = tmp_path / "demo"
    source.mkdir()
    source.chmod(0o755)
    mount = Mount(here=source, inside=source)  # type: ignore[arg-type]
    limits = parse_limits(["pids=100", "timeout=1h"])
    return Plan(image="x", platform=None, mounts=(mount,), limits=limits, memory=1 << 30)


def composed(plan: Plan) -> dict[str, Any]:
    api = docker.APIClient(base_url="unix:///nowhere", version="1.41")
    return configuration(api, plan, volume="it", marks={"io.xbuild.run": "1"})


def ulimits(plan: Plan) -> dict[str, int]:
    return {each["Name"]: each["Hard"] for each in composed(plan)["HostConfig"]["Ulimits"]}


def test_it_is_locked_down(plan: Plan) -> None:
    host = composed(plan)["HostConfig"]
    assert host["NetworkMode"] == "none"
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["ReadonlyRootfs"] is True
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (1 << 30, 1 << 30, 100)
    assert {each["Type"] for each in host["Mounts"] if not each["ReadOnly"]} == {"volume"}


def test_processes_that_are_not_the_build_s_are_counted_by_podman_alone(plan: Plan) -> None:
    assert ulimits(plan) == {"core": 0, "nofile": 1024}
    assert ulimits(replace(plan, engine=EngineFacts(is_podman=True))) == {"core": 0, "nofile": 1024, "nproc": 100}


def test_selinux_would_keep_a_user_s_files_from_it(plan: Plan) -> None:
    host = composed(replace(plan, engine=EngineFacts(has_selinux=True)))["HostConfig"]
    assert host["SecurityOpt"] == ["no-new-privileges", "label=disable"]


def test_where_the_memory_is_not_known_it_is_not_limited(plan: Plan) -> None:
    host = composed(replace(plan, memory=0))["HostConfig"]
    assert "Memory" not in host
    assert "MemorySwap" not in host


@pytest.mark.parametrize(
    ("changes", "notes"),
    [
        ({}, ()),
        (
            {"engine": EngineFacts(boundless=("memory", "processes"))},
            ("it cannot limit memory and processes here: a build may use all there is",),
        ),
        ({"memory": 0}, ("it does not say how much memory it has; '--container memory=SIZE' limits a build's",)),
    ],
)
def test_a_limit_that_there_is_not_is_told(plan: Plan, changes: dict[str, Any], notes: tuple[str, ...]) -> None:
    assert replace(plan, **changes).notes == notes


def test_it_ends_by_itself_after_its_time(plan: Plan) -> None:
    assert composed(plan)["Cmd"] == ["/xbuild/run", "4200"]
    assert replace(plan, limits=replace(plan.limits, timeout=1e12)).ends_after == 2**31 - 1


class TestTheUser:
    def test_is_the_caller(self, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "getuid", lambda: 1234)
        monkeypatch.setattr(os, "getgid", lambda: 567)
        assert composed(plan)["User"] == "1234:567"

    def test_is_what_stands_for_the_caller_in_a_rootless_engine(self, plan: Plan) -> None:
        assert composed(replace(plan, engine=EngineFacts(is_rootless=True)))["User"] == "0:0"

    @pytest.mark.skipif(os.getuid() != 0, reason="giving a folder away needs root")
    def test_is_for_root_the_one_whose_source_it_is(self, plan: Plan) -> None:
        os.chown(plan.mounts[0].here, 1234, 567)
        plan.mounts[0].here.chmod(0o700)
        assert composed(plan)["User"] == "1234:567"

    @pytest.mark.skipif(os.getuid() != 0, reason="only root's own folder is shown to another user")
    def test_is_for_root_nobody_in_particular_who_has_to_be_able_to_read(self, plan: Plan) -> None:
        assert composed(plan)["User"] == "1000:1000"
        here = plan.mounts[0].here
        here.chmod(0o700)
        with pytest.raises(EngineError) as caught:
            composed(plan)
        assert caught.value.message == f"{here} is closed to the container's user, which is number 1000 and never root"
        assert caught.value.hint == (
            f"open it to all with 'chmod -R go+rX {here}', or run xbuild as the user it belongs to"
        )


@pytest.mark.parametrize(
    ("info", "podman", "facts"),
    [
        ({"MemTotal": 8, "MemoryLimit": True, "PidsLimit": True}, False, EngineFacts(memory=8)),
        ({}, True, EngineFacts(is_podman=True)),
        ({"MemTotal": 0, "PidsLimit": False}, False, EngineFacts(boundless=("processes",))),
        ({"MemoryLimit": False, "SecurityOptions": None}, False, EngineFacts(boundless=("memory",))),
        (
            {"SecurityOptions": ["name=seccomp,profile=default", "name=selinux", "name=cgroupns"]},
            False,
            EngineFacts(has_selinux=True),
        ),
        (
            {"SecurityOptions": ["name=rootless"], "CgroupDriver": "none"},
            False,
            EngineFacts(is_rootless=True, boundless=("memory", "processes")),
        ),
        (
            {"SecurityOptions": ["name=seccomp"], "Rootless": True, "CgroupDriver": "cgroupfs", "CgroupVersion": "1"},
            True,
            EngineFacts(is_podman=True, is_rootless=True, boundless=("memory", "processes")),
        ),
        (
            {"Rootless": True, "CgroupDriver": "systemd", "CgroupVersion": "2"},
            True,
            EngineFacts(is_podman=True, is_rootless=True),
        ),
    ],
)
def test_what_an_engine_says_of_itself(info: dict[str, Any], podman: bool, facts: EngineFacts) -> None:
    assert read_facts(info, podman=podman) == facts
