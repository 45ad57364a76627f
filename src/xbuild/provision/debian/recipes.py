"""Which packages make up each component, which of their files are kept, and what is mended in the tree they make."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from xbuild.errors import ProvisionError
from xbuild.provision.debian.choose import gcc_major, gcc_package
from xbuild.provision.debian.mend import mend_build_python, mend_gcc, mend_programs, mend_target_python
from xbuild.provision.debian.resolver import resolve
from xbuild.provision.debian.unpack import without_documentation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from xbuild.provision.debian.index import Package, PackageIndex
    from xbuild.provision.model import Component
    from xbuild.targets import Target

# What programs linked to them need, whichever compiler built them.
_RUNTIME = ("libatomic1", "libgcc-s1", "libgfortran5", "libgomp1", "libstdc++6")
# Maintainer scripts, terminals' set-up and character sets: nothing that an unpacked interpreter uses.
_NOT_FOR_PYTHON = (
    "debconf",
    "libc-gconv-modules-extra",
    "media-types",
    "netbase",
    "openssl-provider-legacy",
    "readline-common",
)
# libc6-dev's own tools, and the RPC headers that glibc gave up (they bring Kerberos with them).
_NOT_FOR_SYSROOT = ("libc-dev-bin", "libnsl-dev", "libtirpc-dev", "rpcsvc-proto")


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How one component is made of packages.

    ``options`` are, besides the packages, what the tree depends on. ``wanted`` chooses the members that are unpacked
    (:func:`.unpack.unpack`). ``mend`` turns what was unpacked in its first argument into what shall be at its second.
    """

    component: Component
    name: str
    packages: tuple[Package, ...]
    options: tuple[str, ...]
    wanted: Callable[[str], bool]
    mend: Callable[[Path, Path], None]
    lib64: bool


def target_python(target: Target, version: str, index: PackageIndex) -> Recipe:
    """The interpreter, its whole standard library and its headers, and the run-time libraries wheels are linked to.

    The interpreter's own library is for programs that embed it, and for finds that ask for that: modules need none.
    """
    # What it needs beside libpython are other libraries' headers, for embedding: left out.
    headers = index.get(f"libpython{version}-dev")
    named = rf"(?<!\S)libpython{re.escape(version)}(?:t64)?(?=[\s,(]|$)"
    library = re.findall(named, headers.depends)[:1] if headers is not None else []
    packages = resolve(index, (f"python{version}", *library, *_RUNTIME), exclude=_NOT_FOR_PYTHON)
    if headers is None:
        raise ProvisionError(f"{index.origin} has no libpython{version}-dev, the headers of CPython {version}")
    return Recipe(
        component="target-python",
        name=f"python{version}-{target.name}",
        packages=(*packages, headers),
        options=(target.name, version),
        wanted=_is_of_python,
        mend=partial(mend_target_python, target=target, version=version),
        lib64=_has_lib64(target),
    )


def build_python(build: Target, version: str, index: PackageIndex, *, cache: Path) -> Recipe:
    """The interpreter for the build machine, and the run-time libraries that build tools from wheels need."""
    return Recipe(
        component="build-python",
        name=f"build-python{version}-{build.name}",
        packages=resolve(index, (f"python{version}", "libgcc-s1", "libstdc++6"), exclude=_NOT_FOR_PYTHON),
        options=(build.name, version, str(cache)),
        wanted=_is_of_python,
        mend=partial(mend_build_python, build=build, version=version),
        lib64=_has_lib64(build),
    )


def sysroot(target: Target, libraries: Sequence[str], index: PackageIndex) -> Recipe:
    """The C library, the compilers' run-time libraries, and ``libraries`` with all they need."""
    _check_names(libraries, index)
    roots = ("libc6-dev", "linux-libc-dev", *_RUNTIME, *libraries)
    exclude = [name for name in _NOT_FOR_SYSROOT if name not in libraries]
    return Recipe(
        component="sysroot",
        name=f"sysroot-{target.name}",
        packages=resolve(index, roots, exclude=exclude),
        options=(target.name,),
        wanted=_is_kept,
        mend=_mend_nothing,
        lib64=_has_lib64(target),
    )


def gcc(target: Target, build: Target, index: PackageIndex, *, cache: Path) -> Recipe:
    """GCC for C, C++ and Fortran, and binutils. ``index`` is the build machine's, of the sysroot's suite.

    The C library is left out: the sysroot provides it, and GCC would search a second copy beside itself.
    """
    native = target.debian_arch == build.debian_arch
    major = _native_major(index) if native else gcc_major(index, target.triplet)
    arch = "" if native else f"-{target.debian_arch}-cross"
    suffix = "" if native else f"-{target.triplet.replace('_', '-')}"
    sanitizer = re.compile(rf"lib(a|hwa|l|t|ub)san\d+{re.escape(arch)}")
    exclude = {f"libc6-dev{arch}", *(name for name in index.names if sanitizer.fullmatch(name))}
    if not native:
        exclude |= {f"libc6{arch}", f"linux-libc-dev{arch}"}
    return Recipe(
        component="toolchain",
        name=f"gcc{major}-{target.name}",
        packages=resolve(index, [f"{name}-{major}{suffix}" for name in ("gcc", "g++", "gfortran")], exclude=exclude),
        options=(target.name, build.name, str(cache)),
        wanted=_is_of_gcc,
        mend=partial(mend_gcc, target=target, build=build),
        lib64=_has_lib64(build),
    )


def qemu(targets: Sequence[Target], build: Target, index: PackageIndex, *, cache: Path) -> Recipe:
    """QEMU's user emulation of all of ``targets``: one package has them, and unpacking it is what takes time."""
    programs = frozenset(f"usr/bin/qemu-{target.qemu.name}" for target in targets)
    return Recipe(
        component="emulator",
        name=f"qemu-{build.name}",
        packages=resolve(index, ("qemu-user",)),
        options=(build.name, *sorted(programs), str(cache)),
        wanted=lambda name: name in programs or (name.startswith(("usr/lib", "lib")) and _is_kept(name)),
        mend=partial(mend_programs, build=build),
        lib64=_has_lib64(build),
    )


def cross_package(target: Target, build: Target) -> str:
    """Return the package that stands for the current GCC for ``target``: it need not be a cross compiler."""
    return "gcc" if target.debian_arch == build.debian_arch else gcc_package(target.triplet)


def _native_major(index: PackageIndex) -> str:
    """Return the major version of the machine's own GCC. Old suites have it under no triplet's name."""
    package = index.get("gcc")
    match = re.search(r"\bgcc-(\d+)\b", package.depends) if package else None
    if match is None:
        raise ProvisionError(f"{index.origin} has no GCC: expected gcc to depend on gcc-<version>")
    return match[1]


def _check_names(libraries: Sequence[str], index: PackageIndex) -> None:
    unknown = [name for name in libraries if index.get(name) is None and not index.providing(name)]
    if unknown:
        near = [match for name in unknown for match in difflib.get_close_matches(name, index.names, n=3, cutoff=0.7)]
        raise ProvisionError(
            f"{index.origin} has no library package {', '.join(map(repr, unknown))}",
            hint=f"did you mean {' or '.join(near)}?" if near else "name Debian packages, such as libffi-dev",
        )


def _has_lib64(machine: Target) -> bool:
    return machine.loader.startswith("/lib64/")


_NEEDLESS = re.compile(r"usr/lib/[^/]+/gconv/|usr/share/(applications|binfmts|gcc|icons|pixmaps)/|usr/src/")
_EMBEDDING = re.compile(r"usr/lib/(python3[^/]*/config-[^/]*/[^/]*\.[ao]|[^/]*/libpython3[^/]*\.a)")  # up to 190 MB
# pkg-config would put the sysroot, which is another tree, before the folders they name.
_PKGCONFIG = re.compile(r"usr/(lib/[^/]+|share)/pkgconfig/python[^/]*\.pc")
_LTO_DUMP = re.compile(r"usr/bin/[^/]*lto-dump[^/]*")  # 50 MB that only GCC's developers use
_SANITIZER = re.compile(r"usr/lib/gcc[^/]*/[^/]+/[^/]+/lib(a|hwa|l|t|ub)san[^/]*")


def _is_kept(name: str) -> bool:
    return without_documentation(name) and not _NEEDLESS.match(name)


def _is_of_python(name: str) -> bool:
    return _is_kept(name) and not _EMBEDDING.fullmatch(name) and not _PKGCONFIG.fullmatch(name)


def _is_of_gcc(name: str) -> bool:
    return _is_kept(name) and not _LTO_DUMP.fullmatch(name) and not _SANITIZER.fullmatch(name)


def _mend_nothing(tree: Path, final: Path) -> None:
    """A sysroot is used as it is: given ``--sysroot``, linkers read absolute paths in its scripts as inside it."""
