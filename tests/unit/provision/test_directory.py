"""A user's own sysroot and target Python: looked at, and never written to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.mini_components import elf, libraries, python

from xbuild.errors import DetailsError, ProvisionError
from xbuild.provision.cache import Cache
from xbuild.provision.directory import own_sysroot, own_target_python
from xbuild.provision.python import read_origins
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.support.mini_archive import MiniDeb

RISCV, ARM = get_target("riscv64"), get_target("aarch64")
HINT = "it is to be the target's /, with its C library and development files"


def install(root: Path, packages: Sequence[MiniDeb]) -> Path:
    """Put the files of packages where a distribution's own tools would: links stay as they are."""
    for package in packages:
        for name, content in package.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o755 if name in package.executables else 0o644)
        for name, target in package.links.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(target)
    return root


def snapshot(root: Path) -> dict[str, tuple[int, int]]:
    stats = {str(path): path.lstat() for path in root.rglob("*")}
    return {name: (stat.st_mtime_ns, stat.st_size) for name, stat in stats.items()}


class TestSysroot:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        root = install(tmp_path / "root", libraries(RISCV))
        (root / "lib64").mkdir()
        return root

    def test_a_debian_root_is_a_sysroot(self, root: Path) -> None:
        sysroot = own_sysroot(root, RISCV)
        assert (sysroot.path, sysroot.triplet) == (root, "riscv64-linux-gnu")

    def test_its_c_library_says_which_version_it_is(self, root: Path) -> None:
        """glibc 2.31 for aarch64 has no symbols newer than 2.30."""
        with (root / "usr/lib/riscv64-linux-gnu/libc.so.6").open("ab") as libc:
            libc.write(b"GNU C Library (GNU libc) stable release version 2.31.\n")
        assert own_sysroot(root, RISCV).glibc == (2, 31)

    def test_links_in_it_are_followed_as_if_it_were_the_top(self, root: Path) -> None:
        libc = root / "usr/lib/riscv64-linux-gnu/libc.so.6"
        libc.rename(libc.with_name("libc-2.31.so"))
        libc.symlink_to("/usr/lib/riscv64-linux-gnu/../riscv64-linux-gnu/libc-2.31.so")
        assert own_sysroot(root, RISCV).path == root

    def test_a_loop_of_links_is_no_library(self, root: Path) -> None:
        libc = root / "usr/lib/riscv64-linux-gnu/libc.so.6"
        libc.unlink()
        libc.symlink_to("libc.so.6")
        with pytest.raises(ProvisionError, match="no C library"):
            own_sysroot(root, RISCV)

    def test_what_is_not_a_directory_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(ProvisionError) as caught:
            own_sysroot(tmp_path / "nowhere", RISCV)
        assert (caught.value.message, caught.value.hint) == (f"--sysroot {tmp_path}/nowhere: not a directory", HINT)

    def test_missing_headers_are_told(self, root: Path) -> None:
        (root / "usr/include/stdio.h").unlink()
        with pytest.raises(ProvisionError) as caught:
            own_sysroot(root, RISCV)
        assert caught.value.message == f"--sysroot {root}: no C headers: expected usr/include/stdio.h"
        assert caught.value.hint == HINT

    def test_a_missing_library_is_told(self, root: Path) -> None:
        (root / "usr/lib/riscv64-linux-gnu/libc.so.6").unlink()
        with pytest.raises(ProvisionError) as caught:
            own_sysroot(root, RISCV)
        assert caught.value.message == (
            f"--sysroot {root}: no C library: expected libc.so.6 in usr/lib/riscv64-linux-gnu, lib64, usr/lib, lib"
        )

    def test_a_directory_with_headers_alone_is_told_where_libraries_belong(self, tmp_path: Path) -> None:
        (tmp_path / "include").mkdir()
        (tmp_path / "include/stdio.h").touch()
        with pytest.raises(ProvisionError, match=r"expected libc\.so\.6 in lib, usr/lib$"):
            own_sysroot(tmp_path, RISCV)

    @pytest.mark.parametrize(
        ("content", "found"),
        [(elf(ARM), "64-bit little-endian EM_AARCH64, flags 0x0"), (b"INPUT(x)", "not an ELF file")],
    )
    def test_another_machines_library_is_told(self, root: Path, content: bytes, found: str) -> None:
        (root / "usr/lib/riscv64-linux-gnu/libc.so.6").write_bytes(content)
        with pytest.raises(ProvisionError) as caught:
            own_sysroot(root, RISCV)
        assert caught.value.message == (
            f"--sysroot {root}: usr/lib/riscv64-linux-gnu/libc.so.6 is {found}, "
            "expected a library of riscv64 (EM_RISCV)"
        )
        assert caught.value.hint == "name the sysroot of riscv64, or another --target"


class TestTargetPython:
    @pytest.fixture
    def cache(self, tmp_path: Path) -> Cache:
        return Cache(tmp_path / "cache")

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        """What `debootstrap` makes: merged /usr, and a details file that is incomplete."""
        return install(tmp_path / "root", (*python(RISCV), *libraries(RISCV)[:1]))

    @pytest.fixture
    def file(self, root: Path) -> Path:
        return root / "usr/lib/python3.14/build-details..riscv64-linux-gnu.json"

    def test_an_incomplete_one_is_mended_in_the_cache(self, root: Path, file: Path, cache: Cache) -> None:
        before = snapshot(root)
        found = own_target_python(file, RISCV, cache=cache)
        assert snapshot(root) == before
        assert found.details_file.is_relative_to(cache.root / "trees")
        assert found.extension_suffix == ".cpython-314-riscv64-linux-gnu.so"
        assert found.prefix == root / "usr"
        assert found.stdlib == file.parent
        assert found.root == root
        assert found.executable == root / "usr/bin/python3.14"
        assert found.variables["MULTIARCH"] == "riscv64-linux-gnu"
        assert json.loads(found.details_file.read_bytes())["abi"]["extension_suffix"] == found.extension_suffix
        assert "/abi/extension_suffix" in {origin.pointer for origin in read_origins(found)}

    def test_its_headers_are_gathered_in_one_folder(self, file: Path, cache: Cache) -> None:
        found = own_target_python(file, RISCV, cache=cache)
        assert found.include.is_relative_to(cache.root / "trees")
        assert (found.include / "Python.h").is_file()
        assert (found.include / "pyconfig.h").read_text() == "#define SIZEOF_VOID_P 8\n"
        assert found.details.c_api is not None
        assert found.details.c_api.headers == str(found.include)

    def test_the_copy_is_made_once_and_again_where_the_headers_change(
        self, root: Path, file: Path, cache: Cache
    ) -> None:
        first = own_target_python(file, RISCV, cache=cache)
        assert own_target_python(file, RISCV, cache=cache) == first
        (root / "usr/include/python3.14/Python.h").write_text("#define CHANGED\n")
        second = own_target_python(file, RISCV, cache=cache)
        assert (second.include / "Python.h").read_text() == "#define CHANGED\n"

    def test_a_complete_one_is_used_as_it_is(self, root: Path, file: Path, cache: Cache) -> None:
        mended = own_target_python(file, RISCV, cache=cache)
        complete = json.loads(mended.details_file.read_bytes())
        include = root / "usr/include/python3.14"
        complete["c_api"]["headers"] = str(include)
        (include / "pyconfig.h").write_bytes((mended.include / "pyconfig.h").read_bytes())
        plain = file.with_name("build-details.json")
        plain.write_text(json.dumps(complete))
        before = cache.trees()
        found = own_target_python(plain, RISCV, cache=cache)
        assert found.details_file == plain
        assert found.include == include
        assert cache.trees() == before
        assert read_origins(found) == ()

    def test_a_file_that_lies_elsewhere_leads_to_its_interpreter(
        self, root: Path, file: Path, cache: Cache, tmp_path: Path
    ) -> None:
        document = json.loads(file.read_bytes())
        moved = tmp_path / "mine.json"
        moved.write_text(json.dumps(document | {"base_prefix": str(root / "usr")}))
        found = own_target_python(moved, RISCV, cache=cache)
        assert found.stdlib == file.parent
        assert found.prefix == root / "usr"

    def test_a_missing_file_is_told(self, cache: Cache, tmp_path: Path) -> None:
        with pytest.raises(DetailsError) as caught:
            own_target_python(tmp_path / "no.json", RISCV, cache=cache)
        assert caught.value.message == f"--build-details {tmp_path}/no.json: no such file"

    def test_another_machines_python_is_told(self, file: Path, cache: Cache) -> None:
        with pytest.raises(DetailsError, match="files of riscv64-linux-gnu, expected aarch64-linux-gnu"):
            own_target_python(file, ARM, cache=cache)

    def test_missing_headers_are_told(self, root: Path, file: Path, cache: Cache) -> None:
        (root / "usr/include/python3.14/Python.h").unlink()
        with pytest.raises(DetailsError) as caught:
            own_target_python(file, RISCV, cache=cache)
        assert caught.value.message == (f"{file}: no Python.h: expected it in {root}/usr/include/python3.14")
        assert caught.value.hint == "install the headers beside it (Debian: libpython3.X-dev)"

    def test_a_missing_pyconfig_is_told(self, root: Path, file: Path, cache: Cache) -> None:
        (root / "usr/include/riscv64-linux-gnu/python3.14/pyconfig.h").unlink()
        with pytest.raises(DetailsError) as caught:
            own_target_python(file, RISCV, cache=cache)
        assert caught.value.message == f"{root}/usr/include/python3.14: no pyconfig.h"

    @pytest.mark.parametrize(
        "change",
        [{"language": 3}, {"base_prefix": None}, {"abi": []}],
    )
    def test_a_malformed_one_elsewhere_is_told(
        self, file: Path, cache: Cache, tmp_path: Path, change: dict[str, Any]
    ) -> None:
        moved = tmp_path / "mine.json"
        moved.write_text(json.dumps(json.loads(file.read_bytes()) | change))
        with pytest.raises(DetailsError):
            own_target_python(moved, RISCV, cache=cache)
        assert cache.trees() == {}
