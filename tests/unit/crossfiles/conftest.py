"""Descriptions of cross builds, made of paths that need not exist."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from xbuild.crossfiles.layout import Layout
from xbuild.crossfiles.spec import CrossSpec, Emulator, Sysroot, TargetPython
from xbuild.details.model import Abi, BuildDetails, Implementation, Language, Libpython, VersionInfo
from xbuild.targets import get_target
from xbuild.toolchains import Toolchain

if TYPE_CHECKING:
    from collections.abc import Mapping


class MakeSpec(Protocol):
    """``root`` is where everything is; the toolchain ``zig`` has no Fortran, ``bare`` nothing that is optional."""

    def __call__(
        self,
        target: str = "riscv64",
        *,
        version: str = "3.13",
        flags: str = "",
        toolchain: str = "gcc",
        root: Path = ...,
        variables: Mapping[str, str | int] | None = None,
    ) -> CrossSpec: ...


@pytest.fixture
def make_spec() -> MakeSpec:
    return _make_spec


@pytest.fixture
def spec() -> CrossSpec:
    return _make_spec()


@pytest.fixture
def layout(spec: CrossSpec) -> Layout:
    """The files of ``spec``, and near enough those of every other."""
    return Layout.of(spec, Path("/files"))


def _make_spec(
    target: str = "riscv64",
    *,
    version: str = "3.13",
    flags: str = "",
    toolchain: str = "gcc",
    root: Path = Path("/xb"),
    variables: Mapping[str, str | int] | None = None,
) -> CrossSpec:
    machine = get_target(target)
    python = _python(machine.triplet, version, flags, root / "python")
    if variables is None:
        variables = debian_variables(machine.triplet, version)
    bare = toolchain == "bare"
    return CrossSpec(
        target=machine,
        python=dataclasses.replace(python, variables=variables),
        sysroot=Sysroot(path=root / "sysroot", triplet=machine.triplet, glibc=(2, 36)),
        toolchain=_toolchain(toolchain, root / "toolchain"),
        build_python=root / f"build-python/bin/python{version}",
        emulator=None if bare else _emulator(root / "emulator"),
        tools={} if bare else {"pkg-config": root / "tools/pkg-config", "cc": root / "tools/cc"},
    )


def _python(triplet: str, version: str, flags: str, prefix: Path) -> TargetPython:
    major, minor = map(int, version.split("."))
    info = VersionInfo(major=major, minor=minor, micro=1, releaselevel="final", serial=0)
    cache_tag = f"cpython-{major}{minor}"
    details = BuildDetails(
        schema_version="1.0",
        base_prefix=str(prefix),
        platform="linux-any",
        language=Language(version=version),
        implementation=Implementation(
            name="cpython", version=info, hexversion=0, cache_tag=cache_tag, extra={"_multiarch": triplet}
        ),
        abi=Abi(flags=tuple(flags), extension_suffix=f".{cache_tag}{flags}-{triplet}.so", stable_abi_suffix=".abi3.so"),
        libpython=Libpython(dynamic=str(prefix / f"lib/{triplet}/libpython{version}{flags}.so.1.0")),
    )
    stdlib = prefix / f"lib/python{version}{flags}"
    return TargetPython(
        details=details,
        details_file=stdlib / "build-details.json",
        prefix=prefix,
        include=prefix / f"include/python{version}{flags}",
        stdlib=stdlib,
        variables={},
    )


def _toolchain(kind: str, folder: Path) -> Toolchain:
    full, bare = kind == "gcc", kind == "bare"
    return Toolchain(
        kind="zig" if kind == "zig" else "gcc",
        family="clang" if kind == "zig" else "gcc",
        version="zig 0.15.1" if kind == "zig" else "14.2.0",
        cc=folder / "cc",
        cxx=None if bare else folder / "c++",
        fc=folder / "gfortran" if full else None,
        ar=folder / "ar",
        ranlib=folder / "ranlib",
        strip=folder / "strip",
        nm=folder / "nm" if full else None,
        ld=folder / "ld" if full else None,
        objcopy=folder / "objcopy" if full else None,
        readelf=folder / "readelf" if full else None,
    )


def _emulator(folder: Path) -> Emulator:
    return Emulator(qemu=folder / "qemu", version="8.2", cpu="max", run=folder / "run", wrapper=folder / "wrapper")


def debian_variables(triplet: str, version: str) -> dict[str, str | int]:
    """Some of the variables of Debian's Python, in Debian's form."""
    return {
        "ABIFLAGS": "",
        "AR": f"{triplet}-ar",
        "ARFLAGS": "rcs",
        "BINDIR": "/usr/bin",
        "BLDSHARED": f"{triplet}-gcc -shared -Wl,-O1 -Wl,-Bsymbolic-functions  -Wl,-z,relro",
        "BUILD_GNU_TYPE": "x86_64-pc-linux-gnu",
        "CC": f"{triplet}-gcc",
        "CCSHARED": "-fPIC",
        "CFLAGS": "-fno-strict-overflow -Wsign-compare -DNDEBUG -g -O2 -ffile-prefix-map=/build/python=. -Wall",
        "CONFINCLUDEDIR": "/usr/include",
        "CONFINCLUDEPY": f"/usr/include/python{version}",
        "CPPFLAGS": "-IObjects -IInclude -IPython -I. -I../Include",
        "CXX": f"{triplet}-g++",
        "EXT_SUFFIX": ".cpython-39-x86_64-linux-gnu.so",
        "HOST_GNU_TYPE": "riscv64-unknown-linux-gnu",
        "INCLUDEPY": f"/usr/include/python{version}",
        "INSTALL": "/usr/bin/install -c",
        "LDCXXSHARED": f"{triplet}-g++ -shared -Wl,-O1 -Wl,-Bsymbolic-functions  -Wl,-z,relro",
        "LDFLAGS": "-Wl,-z,relro",
        "LDSHARED": f"{triplet}-gcc -shared -Wl,-O1 -Wl,-Bsymbolic-functions  -Wl,-z,relro",
        "LIBDEST": f"/usr/lib/python{version}",
        "LIBDIR": f"/usr/lib/{triplet}",
        "LIBPC": f"/usr/lib/{triplet}/pkgconfig",
        "LIBPL": f"/usr/lib/python{version}/config-{version}-{triplet}",
        "LIBS": "-ldl",
        "MULTIARCH": triplet,
        "Py_ENABLE_SHARED": 1,
        "SIZEOF_LONG": 8,
        "SYSLIBS": "-lm",
        "base": "/usr",
        "exec_prefix": "/usr",
        "prefix": "/usr",
        "srcdir": f"/usr/lib/python{version}/config-{version}-{triplet}",
    }
