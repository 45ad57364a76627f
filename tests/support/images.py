"""Container images without an engine: folders laid out as manylinux's images are, and an engine that has them."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import docker
from tests.support.target_trees import write
from tests.support.wheels import Elf

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from xbuild.targets import Target

_GO_SYMLINK = 1 << 27


def image_archive(layer: bytes, *, reference: str, architecture: str) -> bytes:
    """What `docker load` takes: an image of one layer, for any architecture (`docker import` makes its own)."""
    digest = hashlib.sha256(layer).hexdigest()
    config = json.dumps(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
    ).encode()
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [reference], "Layers": ["layer.tar"]}]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for member, content in ((name, config), ("layer.tar", layer), ("manifest.json", json.dumps(manifest).encode())):
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def add_python(root: Path, target: Target, version: str, *, place: str, runpath: str | None = None) -> Path:
    """Put the files of a CPython built from source into ``root``/``place``: no build-details, no static library."""
    number = version.removesuffix("t")
    flags = version.removeprefix(number)
    suffix = f".cpython-{number.replace('.', '')}{flags}-{target.triplet}.so"
    major, minor = number.split(".")
    prefix, name = f"/{place}", f"python{version}"
    variables = {
        "ABIFLAGS": flags,
        "BINDIR": f"{prefix}/bin",
        "CC": "gcc -pthread",
        "EXT_SUFFIX": suffix,
        "INCLUDEPY": f"{prefix}/include/{name}",
        "LDVERSION": version,
        "LIBDEST": f"{prefix}/lib/{name}",
        "LIBDIR": f"{prefix}/lib",
        "LIBRARY": f"lib{name}.a",
        "MULTIARCH": target.triplet,
        "SOABI": suffix[1:-3],
        "VERSION": number,
        "prefix": prefix,
        "py_version": f"{number}.1",
        **({"Py_GIL_DISABLED": 1} if flags else {}),
    }
    folder = root / place
    program = bytes(Elf(machine=target.elf.machine, flags=0, interp=target.loader, runpath=runpath))
    write(folder / "bin" / name, program, executable=True)
    (folder / "bin" / "python3").symlink_to(name)
    write(folder / "bin" / "pip3", "#!/bin/sh")
    write(folder / "include" / name / "Python.h", "")
    write(
        folder / "include" / name / "pyconfig.h",
        "#define SIZEOF_VOID_P 8\n" + "#define Py_GIL_DISABLED 1\n" * bool(flags),
    )
    patchlevel = (
        f"#define PY_MAJOR_VERSION {major}\n#define PY_MINOR_VERSION {minor}\n#define PY_MICRO_VERSION 1\n"
        "#define PY_RELEASE_LEVEL PY_RELEASE_LEVEL_FINAL\n#define PY_RELEASE_SERIAL 0\n"
    )
    write(folder / "include" / name / "patchlevel.h", patchlevel)
    write(folder / "lib" / name / "os.py", "")
    write(folder / "lib" / name / "site-packages" / "pip.py", "")
    data = f"_sysconfigdata_{flags}_linux_{target.triplet}.py"
    write(folder / "lib" / name / data, f"build_time_vars = {variables!r}\n")
    return folder


def make_root(root: Path, target: Target) -> Path:
    """A Red Hat's root: libraries in lib64, no multiarch folders."""
    write(root / "usr/include/stdio.h", "")
    library = bytes(Elf(machine=target.elf.machine, flags=0))
    for name in ("libc.so.6", "libstdc++.so.6", "ld-2.28.so"):
        write(root / "usr/lib64" / name, library)
    write(root / "usr/lib64/libc.so", "GROUP ( /lib64/libc.so.6 /usr/lib64/libc_nonshared.a )")
    write(root / "usr/lib64/crt1.o", "")
    write(root / "usr/lib64/python3.6/lib-dynload/_ssl.so", library)
    write(root / "usr/lib/os-release", 'ID="almalinux"\n')
    write(root / "usr/bin/gcc", "", executable=True)
    (root / "usr/lib/ld-linux-aarch64.so.1").symlink_to("../lib64/ld-2.28.so")
    (root / "etc").mkdir()
    (root / "etc/os-release").symlink_to("../usr/lib/os-release")
    for name in ("lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    return root


@dataclass
class FakeEngine:
    """The part of the SDK's client that copying out of an image uses, over folders: both client and ``client.api``."""

    images: dict[str, tuple[str, Path]]
    """Architecture and root, by reference."""

    pullable: dict[str, tuple[str, Path]] = field(default_factory=dict)
    containers: dict[str, Path] = field(default_factory=dict)
    created: list[Mapping[str, Any]] = field(default_factory=list)
    fails_at: str | None = None
    """A place in the image at which the engine stops in the middle."""

    removed_at: str | None = None
    """A place at which somebody else removes the container."""

    interrupts: bool = False
    """Whether the user interrupts when a container was made, and before its ID is known."""

    @property
    def api(self) -> FakeEngine:
        return self

    def close(self) -> None:
        """Nothing is open."""

    def inspect_image(self, reference: str) -> Mapping[str, Any]:
        if reference not in self.images:
            raise docker.errors.ImageNotFound(f"No such image: {reference}")
        architecture, root = self.images[reference]
        identity = hashlib.sha256(str(root).encode()).hexdigest()
        return {"Id": f"sha256:{identity}", "Architecture": architecture, "RepoDigests": [f"{reference}@sha256:1"]}

    def pull(self, reference: str, *, platform: str, stream: bool, decode: bool) -> Iterator[Mapping[str, str]]:
        assert stream
        assert decode
        if reference not in self.pullable or not platform.endswith(self.pullable[reference][0]):
            yield {"error": "manifest unknown"}
        else:
            self.images[reference] = self.pullable[reference]

    def create_container(self, image: str, **options: Any) -> Mapping[str, str]:
        root = next(root for name, (_, root) in self.images.items() if self.inspect_image(name)["Id"] == image)
        self.created.append(options)
        self.containers[options["name"]] = root
        if self.interrupts:
            raise KeyboardInterrupt
        return {"Id": "unused"}

    def get_archive(self, container: str, path: str) -> tuple[Iterator[bytes], Mapping[str, Any]]:
        if path.lstrip("/") == self.removed_at:
            raise docker.errors.NotFound(f"No such container: {container}")
        place = self.containers[container] / path.lstrip("/")
        if not place.exists() and not place.is_symlink():
            raise docker.errors.NotFound(f"Could not find the file {path}")
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            archive.add(place, arcname=place.name)
        data = out.getvalue()
        mode = _GO_SYMLINK if place.is_symlink() else 0
        stopped = path.lstrip("/") == self.fails_at
        return iter([data[: len(data) // 2]] if stopped else [data]), {"mode": mode}

    def remove_container(self, container: str, *, v: bool, force: bool) -> None:
        assert v
        assert force
        del self.containers[container]

    def remove_volume(self, name: str, *, force: bool) -> None:
        assert force
        raise docker.errors.NotFound(f"No such volume: {name}")


def lay_out_as_red_hat(tree: Path, root: Path, target: Target) -> Path:
    """Make of Debian's sysroot ``tree`` what a Red Hat of the same packages would be: all in lib64, no triplet."""
    shutil.copytree(tree / "usr/include", root / "usr/include", symlinks=True)
    multiarch = root / "usr/include" / target.triplet
    shutil.copytree(multiarch, root / "usr/include", symlinks=True, dirs_exist_ok=True)
    shutil.rmtree(multiarch)
    add_libraries(tree / "usr/lib" / target.triplet, root)
    (root / "usr/lib").mkdir()
    loader = target.loader.removeprefix("/lib/")
    (root / "usr/lib" / loader).symlink_to(f"../lib64/{loader}")
    for name in ("lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    (root / "usr/lib64/libc.so").write_text(
        f"/* GNU ld script */\nGROUP ( /lib64/libc.so.6 /usr/lib64/libc_nonshared.a  AS_NEEDED ( {target.loader} ) )\n"
    )
    return root


def add_libraries(folder: Path, root: Path) -> None:
    """Copy the libraries in ``folder`` to lib64, but for those that are there. Their links lose Debian's folders."""
    lib64 = root / "usr/lib64"
    lib64.mkdir(parents=True, exist_ok=True)
    for source in folder.iterdir():
        place = lib64 / source.name
        if place.exists() or source.is_dir():
            continue
        if source.is_symlink():
            place.unlink(missing_ok=True)
            place.symlink_to(source.readlink().name)
        else:
            shutil.copy2(source, place)
