"""Debian's own Rust, Cargo and crates with the standard library of every target, from the archive and without root."""

from __future__ import annotations

import os
import platform
from functools import partial
from typing import TYPE_CHECKING

from xbuild.provision.cache import Cache
from xbuild.provision.debian.archive import Archive
from xbuild.provision.debian.mend import mend_programs
from xbuild.provision.debian.recipes import Recipe
from xbuild.provision.debian.resolver import resolve
from xbuild.provision.debian.sources import ArchiveSettings
from xbuild.provision.debian.trees import key_of, make_tree
from xbuild.provision.debian.unpack import without_documentation
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SUITE = "trixie"
# What PyO3 with its macros needs, and a build script that compiles C. All that librust-pyo3-dev depends on is some
# hundreds of packages more, for features that are off.
CRATES = (
    *("pyo3", "pyo3-build-config", "pyo3-ffi", "pyo3-macros", "pyo3-macros-backend"),
    *("autocfg", "cfg-if", "heck", "indoc", "libc", "memoffset", "once-cell", "portable-atomic", "proc-macro2"),
    *("quote", "syn", "target-lexicon", "unicode-ident", "unindent", "cc", "jobserver", "shlex"),
)
# The compiler that links is the test's.
NOT_NEEDED = ("binutils", "gcc", "libc6-dev", "openssl-provider-legacy")


def provide_rust(targets: Sequence[str]) -> Path:
    """Return a tree with ``usr/bin/cargo``, the standard library for ``targets``, and the registry of crates."""
    cache, build = Cache.default(os.environ), get_target(platform.machine())
    archive = Archive(settings=ArchiveSettings.discover(None, os.environ), cache=cache)
    suite = archive.suite(SUITE)
    index = suite.index(build.debian_arch)
    wanted = [(index, f"librust-{crate}-dev") for crate in CRATES]
    wanted += [(suite.index(get_target(target).debian_arch), "libstd-rust-dev") for target in targets]
    packages = [package for where, name in wanted if (package := where.get(name)) is not None]
    assert len(packages) == len(wanted)
    recipe = Recipe(
        component="toolchain",
        name=f"rust-{build.name}",
        packages=(*resolve(index, ("rustc", "cargo"), exclude=NOT_NEEDED), *packages),
        options=(build.name, str(cache.root)),
        wanted=without_documentation,
        mend=partial(mend_programs, build=build),
        lib64=build.loader.startswith("/lib64/"),
    )
    return cache.tree(key_of(recipe), partial(make_tree, recipe, archive.fetch(recipe.packages)))
