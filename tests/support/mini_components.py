"""Small packages of the names and shapes that provisioning looks for, to put into a ``MiniArchive``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.mini_archive import MiniArchive, MiniDeb
from tests.support.wheels import Elf

from xbuild.targets import get_target, target_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xbuild.targets import Target

RUNTIME = ("libatomic1", "libgcc-s1", "libgfortran5", "libgomp1", "libstdc++6")

_PATCHLEVEL = """\
#define PY_MAJOR_VERSION {0}
#define PY_MINOR_VERSION {1}
#define PY_MICRO_VERSION {2}
#define PY_RELEASE_LEVEL PY_RELEASE_LEVEL_FINAL
#define PY_RELEASE_SERIAL 0
"""


def elf(target: Target, *, interpreter: str | None = None) -> bytes:
    """A file of ``target``, a program if it has an interpreter."""
    identity = target.elf
    return bytes(
        Elf(
            bits=identity.elf_class,
            little=identity.data == "little",
            machine=identity.machine,
            flags=identity.flags,
            interp=interpreter,
        )
    )


def libraries(target: Target, *, glibc: str = "2.36-9+deb12u14") -> Sequence[MiniDeb]:
    """The C library, its development files, and the compilers' run-time libraries."""
    arch, folder = target.debian_arch, f"usr/lib/{target.triplet}"
    return (
        MiniDeb(
            name="libc6",
            version=glibc,
            architecture=arch,
            files={f"{folder}/libc.so.6": elf(target), target.loader.lstrip("/"): elf(target)},
            executables=(f"{folder}/libc.so.6", target.loader.lstrip("/")),
        ),
        MiniDeb(
            name="libc6-dev",
            version=glibc,
            architecture=arch,
            files={
                "usr/include/stdio.h": b"",
                f"{folder}/libc.so": f"GROUP ( /lib/{target.triplet}/libc.so.6 )".encode(),
            },
            links={f"{folder}/libm.so": f"/lib/{target.triplet}/libm.so.6"},
            fields={"Depends": "libc6, libc-dev-bin, libnsl-dev"},
        ),
        MiniDeb(name="linux-libc-dev", architecture=arch, files={"usr/include/linux/version.h": b""}),
        *(MiniDeb(name=name, architecture=arch, fields={"Depends": "libc6"}) for name in RUNTIME),
    )


def python(target: Target, version: str = "3.14.8", *, program: bytes = b"") -> Sequence[MiniDeb]:
    """CPython as Debian has it: a redirecting pyconfig.h, an incomplete details file under a name of its own."""
    major, minor, micro = version.split(".")
    short, arch, triplet = f"{major}.{minor}", target.debian_arch, target.triplet
    stdlib, include = f"usr/lib/python{short}", f"usr/include/python{short}"
    suffix = f".cpython-{major}{minor}-{triplet}.so"
    variables = {
        "EXT_SUFFIX": suffix,
        "SOABI": suffix[1:-3],
        "MULTIARCH": triplet,
        "ABIFLAGS": "",
        "prefix": "/usr",
        "LIBDEST": f"/usr/lib/python{short}",
        "INCLUDEPY": f"/usr/include/python{short}",
        "BINDIR": "/usr/bin",
        "VERSION": short,
        "LDVERSION": short,
        "LIBDIR": f"/usr/lib/{triplet}",
        "LDLIBRARY": f"libpython{short}.so",
        "LIBRARY": f"libpython{short}.a",
        "LIBPYTHON": "",
        "py_version": version,
    }
    details = {
        "schema_version": "1.0",
        "base_prefix": "/usr",
        "platform": "",
        "language": {"version": short},
        "implementation": {
            "name": "cpython",
            "version": {"major": int(major), "minor": int(minor), "micro": 0, "releaselevel": "final", "serial": 0},
            "hexversion": 0,
            "cache_tag": f"cpython-{major}{minor}",
        },
        "abi": {"flags": []},
        "libpython": {"static": f"/usr/lib/{triplet}/libpython{short}.a"},
    }
    return (
        MiniDeb(
            name=f"python{short}",
            version=f"{version}-1",
            architecture=arch,
            files={
                f"usr/bin/python{short}": program or elf(target, interpreter=target.loader),
                f"usr/share/man/python{short}": b"",
            },
            executables=(f"usr/bin/python{short}",),
            fields={"Depends": f"libpython{short}-stdlib, media-types | mime-support, libc6"},
        ),
        MiniDeb(
            name=f"libpython{short}-stdlib",
            version=f"{version}-1",
            architecture=arch,
            files={
                f"{stdlib}/os.py": b"",
                f"{stdlib}/_sysconfig_vars__linux_{triplet}.json": json.dumps(variables).encode(),
                f"{stdlib}/build-details..{triplet}.json": json.dumps(details).encode(),
            },
            links={f"{stdlib}/sitecustomize.py": f"/etc/python{short}/sitecustomize.py"},
        ),
        MiniDeb(
            name=f"libpython{short}-dev",
            version=f"{version}-1",
            architecture=arch,
            files={
                f"{include}/Python.h": b"",
                f"{include}/patchlevel.h": _PATCHLEVEL.format(major, minor, micro).encode(),
                f"{include}/pyconfig.h": f"#include <{triplet}/python{short}/pyconfig.h>\n".encode(),
                f"usr/include/{triplet}/python{short}/pyconfig.h": b"#define SIZEOF_VOID_P 8\n",
                f"{stdlib}/config-{short}-{triplet}/Makefile": b"",
                f"{stdlib}/config-{short}-{triplet}/libpython{short}.a": b"large",
            },
            links={
                f"usr/lib/{triplet}/libpython{short}.a": f"../python{short}/config-{short}-{triplet}/libpython{short}.a"
            },
            fields={"Depends": f"libpython{short} (= {version}-1), libexpat1-dev"},
        ),
        MiniDeb(
            name=f"libpython{short}",
            version=f"{version}-1",
            architecture=arch,
            files={f"usr/lib/{triplet}/libpython{short}.so.1.0": elf(target)},
            links={f"usr/lib/{triplet}/libpython{short}.so": f"libpython{short}.so.1.0"},
            fields={"Depends": f"libpython{short}-stdlib, libc6"},
        ),
    )


def machine_program() -> bytes:
    """A small dynamic program of this machine: patchelf takes no less than a real one."""
    found = shutil.which("true")
    assert found is not None
    return Path(found).resolve().read_bytes()


def gcc(target: Target, build: Target, *, major: str = "12") -> Sequence[MiniDeb]:
    """A cross compiler with what Debian's needs: the C library that is to be left out does not exist here."""
    triplet, arch, here = target.triplet.replace("_", "-"), target.debian_arch, build.debian_arch
    prefix = f"usr/bin/{target.triplet}"
    needs = f"binutils-{triplet}, libc6-dev-{arch}-cross, libasan8-{arch}-cross, libc6"
    tools = {f"{prefix}-{name}": machine_program() for name in ("ar", "ranlib", "strip")}

    def compiler(name: str, depends: str) -> MiniDeb:
        return MiniDeb(
            name=f"{name}-{major}-{triplet}",
            version=f"{major}.2.0-14cross1",
            architecture=here,
            files={f"{prefix}-{name}-{major}": machine_program()},
            executables=(f"{prefix}-{name}-{major}",),
            fields={"Depends": depends},
        )

    return (
        MiniDeb(name=f"gcc-{triplet}", architecture=here, fields={"Depends": f"gcc-{major}-{triplet} (>= 1)"}),
        MiniDeb(name=f"binutils-{triplet}", architecture=here, files=tools, executables=tuple(tools)),
        compiler("gcc", needs),
        compiler("g++", f"gcc-{major}-{triplet}"),
        compiler("gfortran", f"gcc-{major}-{triplet}"),
        MiniDeb(name=f"libasan8-{arch}-cross", architecture="all", files={"usr/lib/libasan.a": b""}),
    )


def qemu(targets: Sequence[Target], build: Target) -> MiniDeb:
    """One package with the emulators of all targets, and of one more machine."""
    names = [f"usr/bin/qemu-{target.qemu.name}" for target in targets]
    files = {name: elf(build) for name in (*names, "usr/bin/qemu-sparc")}
    return MiniDeb(
        name="qemu-user",
        version="1:10.0.13+ds-0+deb13u1",
        architecture=build.debian_arch,
        files=files,
        executables=tuple(files),
    )


def small_archive(folder: Path, target: Target, build: Target, *more: MiniDeb) -> MiniArchive:
    """A mirror in ``folder`` with all that is needed to build on ``build`` for ``target``, and QEMU for every target.

    Bookworm has the compilers and ``more``; trixie has CPython 3.14, for both machines, and QEMU.
    """
    archive = MiniArchive(folder)
    archive.add("bookworm", *libraries(target), *libraries(build), *gcc(target, build), *more)
    archive.add("trixie", *libraries(target, glibc="2.41-12"), *python(target))
    archive.add("trixie", *libraries(build, glibc="2.41-12"), *python(build, program=machine_program()))
    archive.add("trixie", qemu([get_target(name) for name in target_names()], build))
    archive.publish()
    return archive
