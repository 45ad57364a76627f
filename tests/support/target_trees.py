"""Small trees that look like a target's: a Python, a C library and a loader, with nothing real in them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from xbuild.crossfiles.spec import CrossSpec, Emulator, Sysroot, TargetPython
from xbuild.details.model import Abi, BuildDetails, Implementation, Language, VersionInfo
from xbuild.toolchains import Toolchain

if TYPE_CHECKING:
    from pathlib import Path

    from xbuild.targets import Target

MACHINES = {
    "EM_386": 3,
    "EM_PPC64": 21,
    "EM_S390": 22,
    "EM_ARM": 40,
    "EM_X86_64": 62,
    "EM_AARCH64": 183,
    "EM_RISCV": 243,
    "EM_LOONGARCH": 258,
}
EXECUTABLE, SHARED = 2, 3


def elf(target: Target, *, kind: int = SHARED, os_abi: int = 0) -> bytes:
    """The start of an ELF file of ``target``."""
    order = "<" if target.elf.data == "little" else ">"
    ident = bytes((*b"\x7fELF", target.elf.elf_class // 32, 1 if order == "<" else 2, 1, os_abi, *bytes(8)))
    return ident + struct.pack(f"{order}HHI", kind, MACHINES[target.elf.machine], 1) + bytes(12) + b"\n" + bytes(99)


def write(path: Path, content: bytes | str, *, executable: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(0o755 if executable else 0o644)
    return path


def tree(path: Path, target: Target, *, glibc: str | None = "2.36", libraries: tuple[str, ...] = ()) -> Path:
    """A merged-/usr tree of ``target`` with a loader and a C library, unless ``glibc`` is None, and ``libraries``."""
    multiarch = path / "usr" / "lib" / target.triplet
    multiarch.mkdir(parents=True)
    for name in ("lib", "lib64"):
        (path / "usr" / name).mkdir(exist_ok=True)
        (path / name).symlink_to(f"usr/{name}")
    if glibc is not None:
        write(path / target.loader.lstrip("/"), elf(target), executable=True)
        text = f"GNU C Library (Debian GLIBC {glibc}-1) stable release version {glibc}.\n"
        write(multiarch / "libc.so.6", elf(target) + text.encode())
    for name in libraries:
        write(multiarch / name, elf(target))
    return path


def target_python(
    prefix: Path, target: Target, *, version: str = "3.13", root: Path | None = None, executable: Path | None = None
) -> TargetPython:
    major, minor = map(int, version.rstrip("t").split("."))
    threads = "t" if version.endswith("t") else ""
    info = VersionInfo(major=major, minor=minor, micro=1, releaselevel="final", serial=0)
    stdlib = prefix / "lib" / f"python{version}"
    details = BuildDetails(
        schema_version="1.0",
        base_prefix=str(prefix),
        platform=target.platform,
        language=Language(version=f"{major}.{minor}"),
        implementation=Implementation(name="cpython", version=info, hexversion=0, cache_tag=f"cpython-{major}{minor}"),
        abi=Abi(flags=tuple(threads), extension_suffix=f".cpython-{major}{minor}{threads}-{target.triplet}.so"),
    )
    return TargetPython(
        details=details,
        details_file=stdlib / "build-details.json",
        prefix=prefix,
        include=prefix / "include",
        stdlib=stdlib,
        variables={},
        root=root,
        executable=executable,
    )


def cross_spec(target: Target, python: TargetPython, *, sysroot: Path, emulator: Emulator | None = None) -> CrossSpec:
    program = sysroot / "bin" / "true"
    toolchain = Toolchain(
        kind="system",
        family="gcc",
        version="14",
        cc=program,
        cxx=None,
        fc=None,
        ar=program,
        ranlib=program,
        strip=program,
    )
    return CrossSpec(
        target=target,
        python=python,
        sysroot=Sysroot(path=sysroot, triplet=target.triplet),
        toolchain=toolchain,
        build_python=program,
        emulator=emulator,
    )
