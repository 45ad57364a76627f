"""Ctrl-C and kills at any moment, and two commands at once: the same command then works."""

from __future__ import annotations

import platform
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.command import Command, succeeded
from tests.support.mini_archive import MiniDeb
from tests.support.mirror import Mirror, Stall
from tests.support.projects import OWN_BACKEND
from tests.support.wheels import Wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.command import Finished, Running
    from tests.support.mini_archive import MiniArchive

EXAMPLES = Path(__file__).parents[2] / "examples"
FETCH = ("target", "fetch", "ppc64le", "--python", "3.14")
HEADERS = "pool/main/l/libpython3.14-dev/libpython3.14-dev_3.14.8-1_ppc64el.deb"


def interrupted(finished: Finished) -> None:
    """Check that a run ended as one that was interrupted should: with one line that says so."""
    assert finished.returncode == 130, finished
    assert finished.errors == [], finished
    assert "Traceback" not in finished.stderr
    assert finished.stderr.splitlines()[-1] == "interrupted"
    assert finished.stderr.count("interrupted") == 1


def at_any_moment(command: Command, *arguments: str | Path) -> Iterator[Running]:
    """Run the command to its end, then start it again and again, each time letting it get a little further."""
    whole = command(*arguments)
    succeeded(whole)
    for part in range(2, 8):
        with command.start(*arguments) as running:
            time.sleep(whole.seconds * part / 8)
            yield running


def content(cache: Path) -> dict[str, list[str]]:
    """The trees of a cache, each with its files."""
    trees = sorted((cache / "trees").glob("*"))  # in whose names the digest depends on where the cache is
    return {
        tree.name.rpartition("-")[0]: sorted(str(path.relative_to(tree)) for path in tree.rglob("*")) for tree in trees
    }


class TestProvisioning:
    @pytest.fixture
    def mirror(self, mini: MiniArchive) -> Iterator[Mirror]:
        """One with a package that takes a while to unpack."""
        files = {f"usr/lib/many/{number}": b"" for number in range(6_000)}
        mini.add("trixie", MiniDeb(name="libstdc++6", version="99-1", architecture="ppc64el", files=files))
        mini.publish()
        with Mirror(mini.root) as mirror:
            yield mirror

    @pytest.fixture
    def command(self, xbuild: Command, mini: MiniArchive, mirror: Mirror) -> Command:
        return xbuild.with_(XBUILD_ARCHIVE=mini.setting(mirror.url))

    @pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda sent: sent.name)
    def test_while_it_downloads(self, command: Command, mirror: Mirror, *, sent: signal.Signals) -> None:
        """At once, although the server stalls."""
        mirror.faults[HEADERS] = [Stall(after=100)]
        with command.start(*FETCH) as running:
            running.wait_for(lambda: HEADERS in mirror.requests)
            began = time.monotonic()
            running.send(sent)
            finished = running.finish()
        assert time.monotonic() - began < 5
        if sent == signal.SIGINT:
            interrupted(finished)
        if sent != signal.SIGKILL:
            assert command.left_behind() == []
        assert content(command.cache) == {}
        assert command(*FETCH).returncode == 0
        assert command.left_behind() == []

    @pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL], ids=lambda sent: sent.name)
    def test_while_it_unpacks(self, command: Command, *, sent: signal.Signals) -> None:
        with command.start(*FETCH) as running:
            running.wait_for(lambda: list(command.cache.glob("tmp/*/python3.14-ppc64le-*/usr/lib/many/*")))
            running.send(sent)
            finished = running.finish()
        if sent == signal.SIGINT:
            interrupted(finished)
            assert command.left_behind() == []
        assert content(command.cache) == {}
        assert command(*FETCH).returncode == 0
        assert command.left_behind() == []

    def test_killed_at_any_moment(self, command: Command) -> None:
        """Again and again a little later, each time with what the last left; the end is as if nothing had happened."""
        undisturbed = replace(command, cache=command.folder / "undisturbed")
        whole = undisturbed(*FETCH)
        assert whole.returncode == 0, whole
        for part in range(1, 8):
            with command.start(*FETCH) as running:
                time.sleep(whole.seconds * part / 8)
                running.send(signal.SIGKILL)
        last = command(*FETCH)
        assert last.returncode == 0, last
        assert command.left_behind() == []
        assert content(command.cache) == content(undisturbed.cache)

    def test_two_at_once_on_an_empty_cache(self, command: Command, mirror: Mirror) -> None:
        with command.start(*FETCH) as first, command.start(*FETCH) as second:
            both = [first.finish(), second.finish()]
        assert [each.returncode for each in both] == [0, 0], both
        assert both[0].stdout == both[1].stdout
        assert command.left_behind() == []
        here = platform.machine()
        assert list(content(command.cache)) == [
            f"build-python3.14-{here}",
            "gcc12-ppc64le",
            "python3.14-ppc64le",
            f"qemu-{here}",
            "sysroot-ppc64le",
        ]
        # What is there is used: a third needs nothing but the Release files and the indexes.
        mirror.requests.clear()
        assert command(*FETCH).returncode == 0
        assert [path for path in mirror.requests if path.startswith("pool/")] == []

    def test_one_waits_for_the_tree_that_another_unpacks(self, command: Command) -> None:
        with command.start(*FETCH) as first:
            first.wait_for(lambda: list(command.cache.glob("tmp/*/python3.14-ppc64le-*/usr/lib/many/*")))
            second = command(*FETCH)
            assert second.returncode == 0, second
            assert "waiting for another xbuild that is at work on python3.14-ppc64le-" in second.stderr
            assert first.finish().returncode == 0
        assert command.left_behind() == []


BACKEND = """
import os, pathlib, shutil, subprocess, sys

def build_wheel(directory, settings=None, metadata=None):
    if os.environ.get("E2E_WAIT"):
        # A compiler that does not listen, and one that another program waits for.
        stubborn = subprocess.Popen(["sh", "-c", "trap '' INT TERM; while :; do sleep 60; done"])
        pathlib.Path(os.environ["E2E_WAIT"]).touch()
        subprocess.run(["sleep", "300"])
    return shutil.copy("p-1-py3-none-any.whl", directory).rpartition("/")[2]
"""


@pytest.mark.network
class TestBuilding:
    @pytest.fixture
    def project(self, folder: Path) -> Path:
        """One that builds in no time, or not before it is interrupted."""
        project = folder / "p"
        project.mkdir()
        (project / "pyproject.toml").write_text(OWN_BACKEND)
        (project / "backend.py").write_text(BACKEND)
        Wheel(name="p-1-py3-none-any.whl", purelib="true").write(project)
        return project

    @pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda sent: sent.name)
    def test_while_the_backend_works(self, builder: Command, project: Path, *, sent: signal.Signals) -> None:
        arguments = ("wheel", project, "--target", "riscv64")
        started = builder.folder / "started"
        with builder.start(*arguments, env={"E2E_WAIT": str(started)}) as running:
            running.wait_for(started.exists)
            began = time.monotonic()
            running.send(sent)
            finished = running.finish()
        assert time.monotonic() - began < 10
        if sent == signal.SIGINT:
            interrupted(finished)
        if sent == signal.SIGKILL:
            shutil.rmtree(builder.temporary)  # pyproject_hooks' input for the hook is there, of which nobody knows
        else:
            assert builder.left_behind() == []
        assert not builder.outdir.exists()
        succeeded(builder(*arguments, "--outdir", builder.folder / "wheels"))
        assert builder.left_behind() == []

    @pytest.mark.emulator
    @pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL], ids=lambda sent: sent.name)
    def test_while_the_test_runs(self, builder: Command, project: Path, *, sent: signal.Signals) -> None:
        started = builder.folder / "started"
        code = f"import pathlib, time; pathlib.Path('{started}').touch(); time.sleep(300)"
        arguments = ("wheel", project, "--target", "riscv64")
        with builder.start(*arguments, "--test-command", f'python -c "{code}"') as running:
            running.wait_for(started.exists)
            running.send(sent)
            finished = running.finish()
        if sent == signal.SIGINT:
            interrupted(finished)
            assert builder.left_behind() == []
        assert not builder.outdir.exists()
        succeeded(builder(*arguments, "--test", "--outdir", builder.folder / "wheels"))
        assert builder.left_behind() == []

    def test_interrupted_at_any_moment(self, builder: Command, project: Path) -> None:
        arguments = ("wheel", project, "--target", "riscv64", "--outdir", builder.folder / "wheels")
        for running in at_any_moment(builder, *arguments):
            running.send(signal.SIGINT)
            finished = running.finish()
            if finished.returncode != 0:  # it may have been quicker
                interrupted(finished)
            assert builder.left_behind() == []

    def test_killed_at_any_moment(self, builder: Command, project: Path) -> None:
        arguments = ("wheel", project, "--target", "riscv64", "--outdir", builder.folder / "wheels")
        for running in at_any_moment(builder, *arguments):
            running.send(signal.SIGKILL)
        shutil.rmtree(builder.temporary)  # as above
        succeeded(builder(*arguments))
        assert builder.left_behind() == []

    @pytest.mark.slow
    def test_two_at_once_on_an_empty_cache(self, folder: Path) -> None:
        command = Command(folder=folder, cache=folder / "cache")
        arguments = ("wheel", EXAMPLES / "hello-c", "--target", "riscv64", "--outdir")
        with command.start(*arguments, "one") as first, command.start(*arguments, "two") as second:
            both = [first.finish(600), second.finish(600)]
        for finished in both:
            (wheel,) = succeeded(finished)
            assert (folder / wheel).is_file()
        assert command.left_behind() == []
