"""Which suite each component comes from, and what of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xbuild.errors import ProvisionError
from xbuild.provision.debian import recipes
from xbuild.provision.debian.choose import choose_base_suite, choose_python_suite
from xbuild.provision.download import FileMissingError
from xbuild.targets import Target, get_target, target_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from xbuild.provision.debian.archive import Archive, Suite
    from xbuild.provision.debian.recipes import Recipe

# Stable's QEMU has the CPU models that targets want, and is one static program; old ones are neither.
_EMULATOR_PREFERENCE = ("stable", "testing", "unstable")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A component, chosen down to its packages."""

    suite: Suite
    recipe: Recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class Planner:
    """Plans components for builds on ``build``; a suite that is not None takes the place of the archive's choice.

    ``cache`` is where trees with programs of the build machine will be: they run nowhere else.
    """

    archive: Archive
    build: Target
    cache: Path
    base_suite: str | None = None
    python_suite: str | None = None

    def target_python(self, target: Target, version: str) -> Plan:
        """Plan CPython ``version`` for ``target``."""
        suite = self._suite_of_python(target, version)
        return Plan(suite=suite, recipe=recipes.target_python(target, version, suite.index(target.debian_arch)))

    def build_python(self, version: str) -> Plan:
        """Plan CPython ``version`` for the build machine."""
        suite = self._suite_of_python(self.build, version)
        index = suite.index(self.build.debian_arch)
        return Plan(suite=suite, recipe=recipes.build_python(self.build, version, index, cache=self.cache))

    def sysroot(self, target: Target, libraries: Sequence[str]) -> Plan:
        """Plan the C library and ``libraries`` for ``target``."""
        suite = self._suite_of_base(target)
        return Plan(suite=suite, recipe=recipes.sysroot(target, libraries, suite.index(target.debian_arch)))

    def gcc(self, target: Target) -> Plan:
        """Plan GCC for ``target``: of the suite of its C library."""
        suite = self._suite_of_base(target)
        index = suite.index(self.build.debian_arch)
        return Plan(suite=suite, recipe=recipes.gcc(target, self.build, index, cache=self.cache))

    def qemu(self) -> Plan:
        """Plan QEMU for all targets."""
        suite = self._suite_of_emulator()
        targets = [get_target(name) for name in target_names()]
        index = suite.index(self.build.debian_arch)
        return Plan(suite=suite, recipe=recipes.qemu(targets, self.build, index, cache=self.cache))

    def _suite_of_python(self, machine: Target, version: str) -> Suite:
        if self.python_suite is not None:
            return self.archive.suite(self.python_suite)
        return choose_python_suite(self.archive, machine.debian_arch, version)

    def _suite_of_base(self, target: Target) -> Suite:
        if self.base_suite is not None:
            return self.archive.suite(self.base_suite)
        return choose_base_suite(
            self.archive,
            target.debian_arch,
            build_architecture=self.build.debian_arch,
            cross_package=recipes.cross_package(target, self.build),
        )

    def _suite_of_emulator(self) -> Suite:
        suites = [facts for facts in self.archive.catalog.suites if facts.status in _EMULATOR_PREFERENCE]
        for facts in sorted(suites, key=lambda facts: _EMULATOR_PREFERENCE.index(facts.status)):
            try:
                suite = self.archive.suite(facts.codename)
            except FileMissingError:
                continue
            if self.build.debian_arch in suite.architectures and suite.index(self.build.debian_arch).get("qemu-user"):
                return suite
        raise ProvisionError(
            f"no suite of {self.archive.catalog.name} has qemu-user for {self.build.debian_arch}",
            hint="install qemu-user on this machine",
        )
