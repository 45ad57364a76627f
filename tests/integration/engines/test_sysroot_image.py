"""Wheels built with the sysroot and the Python of an image that is laid out as manylinux's, with an old glibc."""

from __future__ import annotations

import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.images import add_libraries, image_archive, lay_out_as_red_hat

from xbuild.provision.cache import Cache
from xbuild.provision.debian.sources import ArchiveSettings
from xbuild.provision.provisioner import Provisioner
from xbuild.targets import get_target
from xbuild.wheels.elf import read_elf

if TYPE_CHECKING:
    from tests.support.engines import Engine

pytestmark = [pytest.mark.container, pytest.mark.network, pytest.mark.emulator, pytest.mark.slow]

PROJECT = Path(__file__).parent / "projects" / "floor"
TARGET = get_target("aarch64")
REFERENCE = "xbuild-tests/manylinux_2_31_aarch64:latest"
SUITE = "bullseye"
"""The oldest that mirrors have: glibc 2.31, libstdc++ of GCC 10, CPython 3.9."""

CHECK = (
    "import floor_c, floor_cxx; assert floor_c.answer() == 42; "
    "assert floor_cxx.answer(5) == 'caught 1'; assert floor_cxx.answer(1 << 62) == 'too many'"
)


@dataclass(frozen=True, kw_only=True)
class Command:
    """The command, with an engine that has the image."""

    environ: dict[str, str]
    folder: Path

    def __call__(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "xbuild", *arguments]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """One for both engines: what is fetched for the image, and what builds need."""
    return Cache(tmp_path_factory.mktemp("sysroot-image"))


@pytest.fixture(scope="session")
def image_file(cache: Cache, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The image as a file: CPython 3.14 as it is, one that links lead to, and one without build-details."""
    settings = ArchiveSettings.discover(None, os.environ)
    build = get_target(platform.machine())
    newest = Provisioner(settings=settings, cache=cache, build=build)
    oldest = Provisioner(settings=settings, cache=cache, build=build, base_suite=SUITE, python_suite=SUITE)
    newest.prepare([newest.target_python_request(TARGET, version) for version in ("3.13", "3.14")])
    oldest.prepare([oldest.sysroot_request(TARGET), oldest.target_python_request(TARGET, "3.9")])
    root = lay_out_as_red_hat(oldest.sysroot(TARGET).tree.path, tmp_path_factory.mktemp("image") / "root", TARGET)
    pythons = {
        "opt/python/cp314-cp314": newest.target_python(TARGET, "3.14").tree.path,
        "opt/python/cp313-cp313": newest.target_python(TARGET, "3.13").tree.path,
        "opt/_internal/cpython-3.9": oldest.target_python(TARGET, "3.9").tree.path,
    }
    for place, tree in pythons.items():
        shutil.copytree(tree / "usr", root / place, symlinks=True)
    for file in (root / "opt").glob("python/cp313-cp313/lib/python3.13/build-details*"):
        file.unlink()
    add_libraries(root / "opt/_internal/cpython-3.9/lib" / TARGET.triplet, root)
    (root / "opt/python/cp39-cp39").symlink_to("/opt/_internal/cpython-3.9")
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        archive.add(root, arcname=".")
    return image_archive(layer.getvalue(), reference=REFERENCE, architecture="arm64")


@pytest.fixture
def xbuild(engine: Engine, image_file: bytes, cache: Cache, tmp_path: Path) -> Command:
    if not engine.client.api.images(REFERENCE):
        engine.client.images.load(image_file)
    shutil.copytree(PROJECT, tmp_path, dirs_exist_ok=True)
    return Command(environ=engine.environ | {"XBUILD_CACHE_DIR": str(cache.root)}, folder=tmp_path)


def newest(versions: list[str], family: str) -> tuple[int, ...]:
    numbers = (
        version.removeprefix(f"{family}_").split(".") for version in versions if version.startswith(f"{family}_")
    )
    return max(tuple(map(int, number)) for number in numbers)


def symbol_versions(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        modules = [read_elf(io.BytesIO(archive.read(name))) for name in archive.namelist() if name.endswith(".so")]
    return [version for module in modules for names in module.version_needs.values() for version in names]


def build(xbuild: Command, *arguments: str) -> tuple[Path, dict[str, Any]]:
    output = xbuild("wheel", ".", "--target", TARGET.name, "--python", "3.14", *arguments, "--report", "report.json")
    (report,) = json.loads((xbuild.folder / "report.json").read_text())["builds"]
    return xbuild.folder / output.strip(), report


def containers(engine: Engine) -> list[Any]:
    return [each for each in engine.client.api.containers(all=True) if each["Labels"].get("io.xbuild.run")]


def test_a_wheel_has_the_images_floor_and_runs_with_its_libraries(xbuild: Command, engine: Engine) -> None:
    wheel, report = build(xbuild, "--sysroot-image", REFERENCE)
    assert wheel.name == "floor-1.0-cp39-abi3-manylinux_2_31_aarch64.whl"
    assert report["wheels"][0]["glibc_needed"] == "2.31"
    assert report["sysroot"]["glibc"] == "2.31"
    assert report["sysroot"]["image"]["reference"] == REFERENCE
    assert report["sysroot"]["image"]["id"] == engine.client.api.inspect_image(REFERENCE)["Id"]
    assert newest(symbol_versions(wheel), "GLIBCXX") <= (3, 4, 28)
    assert containers(engine) == []
    # Its own Python, loader and libraries: the old ones. Debian's 3.9 has no distutils, so nothing can be installed.
    shutil.unpack_archive(wheel, xbuild.folder / "unpacked", "zip")
    program = f"import sys; sys.path.insert(0, 'unpacked'); {CHECK}; import platform; print(platform.libc_ver()[1])"
    image = ("--sysroot-image", REFERENCE, "--python", "3.9")
    assert xbuild("run", "--target", TARGET.name, *image, "--", "python", "-c", program) == "2.31\n"
    # The archive's Python, with newer ones.
    xbuild("test", str(wheel), "--target", TARGET.name, "--python", "3.14", "--command", f'python -c "{CHECK}"')


def test_the_ordinary_sysroot_gives_a_higher_floor(xbuild: Command) -> None:
    wheel, report = build(xbuild)
    assert report["wheels"][0]["glibc_needed"] == "2.34"
    assert report["sysroot"]["image"] is None
    assert newest(symbol_versions(wheel), "GLIBCXX") >= (3, 4, 29)


def test_a_python_without_build_details_is_described(xbuild: Command) -> None:
    """And cross files have it too."""
    program = "import sys; print(sys.version_info[:2])"
    selection = ("--target", TARGET.name, "--sysroot-image", REFERENCE, "--python")
    assert xbuild("run", *selection, "3.9", "--", "python", "-c", program) == "(3, 9)\n"
    text = xbuild("crossfile", "meson", *selection, "3.13")
    assert "image-python3.13-aarch64-" in text
    assert "image-sysroot-aarch64-" in text


def test_another_architecture_is_refused(xbuild: Command, engine: Engine) -> None:
    done = xbuild.run("crossfile", "meson", "--target", "riscv64", "--sysroot-image", REFERENCE)
    assert done.returncode == 16
    assert f"the image {REFERENCE} is for arm64, and riscv64 needs one for riscv64" in done.stderr
    assert containers(engine) == []
