"""Real interpreters of the targets, from the archive, and QEMU from PATH or the archive."""

from __future__ import annotations

import functools
import os
import platform
from typing import TYPE_CHECKING, Protocol

import pytest
from tests.support.target_trees import cross_spec

from xbuild.emulator import find_qemu, make_emulator
from xbuild.provision.cache import Cache
from xbuild.provision.debian.sources import ArchiveSettings
from xbuild.provision.provisioner import Provisioner
from xbuild.targets import get_target

if TYPE_CHECKING:
    from pathlib import Path

    from xbuild.crossfiles.spec import CrossSpec


class SpecFor(Protocol):
    def __call__(self, target: str, python: str, *, libraries: tuple[str, ...] = ()) -> CrossSpec: ...


@pytest.fixture(scope="session")
def spec_for(tmp_path_factory: pytest.TempPathFactory) -> SpecFor:
    """A description with everything real but the compilers, which a test of wheels does not use."""
    provisioner = Provisioner(
        settings=ArchiveSettings.discover(None, os.environ),
        cache=Cache.default(os.environ),
        build=get_target(platform.machine()),
    )
    directory: Path = tmp_path_factory.mktemp("emulators")

    @functools.cache
    def make(target: str, python: str, *, libraries: tuple[str, ...] = ()) -> CrossSpec:
        machine = get_target(target)
        target_python = provisioner.target_python(machine, python).python
        sysroot = provisioner.sysroot(machine, libraries).sysroot
        emulator = None
        if machine.name != provisioner.build.name:
            found = find_qemu(machine, path=os.environ["PATH"])
            if found is None:
                qemu = provisioner.qemu(machine)
                found = qemu.path, qemu.version
            emulator = make_emulator(*found, target=machine, python=target_python, sysroot=sysroot, directory=directory)
        return cross_spec(machine, target_python, sysroot=sysroot.path, emulator=emulator)

    return make
