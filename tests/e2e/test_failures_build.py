"""Projects that do not build, sources that are none, and a disk that fills up under a build."""

from __future__ import annotations

import io
import shutil
import tarfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.command import one_message, succeeded

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.command import Command, Disk

NOT_FETCHED = {"XBUILD_ARCHIVE": "http://127.0.0.1:9"}
EXAMPLES = Path(__file__).parents[2] / "examples"
SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'


def make_project(folder: Path, **files: str) -> Path:
    """A project of files: ``pyproject_toml=…`` is ``pyproject.toml``."""
    project = folder / "project"
    project.mkdir()
    for name, content in files.items():
        (project / ".".join(name.rsplit("_", 1))).write_text(textwrap.dedent(content))
    return project


def make_sdist(path: Path, *members: tuple[str, bytes, str]) -> Path:
    """Members are a name, a type of ``tarfile``, and where a link leads or what a file holds."""
    with tarfile.open(path, "w:gz") as archive:
        for name, kind, content in (("p-1/pyproject.toml", tarfile.REGTYPE, SETUPTOOLS), *members):
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind == tarfile.REGTYPE:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content.encode()))
            else:
                info.linkname = content
                archive.addfile(info)
    return path


class TestSources:
    """What is wrong with a source is found out before anything is fetched for it."""

    @pytest.mark.parametrize(
        ("name", "kind", "content"),
        [
            ("p-1/../../harm", tarfile.REGTYPE, "harm"),
            ("/tmp/harm", tarfile.REGTYPE, "harm"),
            ("p-1/link", tarfile.SYMTYPE, "/etc"),
            ("p-1/link", tarfile.SYMTYPE, "../../.."),
            ("p-1/harm", tarfile.LNKTYPE, "/etc/passwd"),
            ("p-1/harm", tarfile.LNKTYPE, "../../etc/passwd"),
            ("p-1/null", tarfile.CHRTYPE, ""),
        ],
        ids=["..", "absolute", "absolute link", "link with ..", "absolute hard link", "hard link with ..", "device"],
    )
    def test_an_unsafe_sdist(self, xbuild: Command, *, name: str, kind: bytes, content: str) -> None:
        sdist = make_sdist(xbuild.folder / "p-1.tar.gz", (name, kind, content))
        finished = xbuild("wheel", sdist, "--target", "riscv64", env=NOT_FETCHED)
        assert one_message(finished, 13).startswith(f"{sdist}: unsafe sdist: member '{name}': ")
        assert list(xbuild.folder.rglob("harm")) == []
        assert xbuild.left_behind() == []

    @pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08\x00", b"not a tar"], ids=["empty", "truncated", "text"])
    def test_an_sdist_that_is_none(self, xbuild: Command, content: bytes) -> None:
        sdist = xbuild.folder / "p-1.tar.gz"
        sdist.write_bytes(content)
        finished = xbuild("wheel", sdist, "--target", "riscv64", env=NOT_FETCHED)
        assert one_message(finished, 13).startswith(f"{sdist}: cannot be unpacked: ")
        assert xbuild.left_behind() == []

    @pytest.mark.parametrize(
        ("files", "said"),
        [
            ({"pyproject_toml": '[project]\nname = "p"\nversion = "1"\n'}, "no [build-system] table, and no setup.py"),
            ({"pyproject_toml": "[build-system\n"}, "not valid TOML"),
            ({"pyproject_toml": "\u00ff"}, "not valid TOML"),
            ({}, "not a Python project: it has neither pyproject.toml nor setup.py"),
        ],
        ids=["no build-system", "syntax", "not TOML", "empty"],
    )
    def test_a_folder_that_is_no_project(self, xbuild: Command, *, files: dict[str, str], said: str) -> None:
        project = make_project(xbuild.folder, **files)
        finished = xbuild("wheel", project, "--target", "riscv64", env=NOT_FETCHED)
        assert said in one_message(finished, 13)
        assert xbuild.left_behind() == []

    def test_a_source_that_is_not_there(self, xbuild: Command) -> None:
        finished = xbuild("wheel", "./nowhere", "--target", "riscv64", env=NOT_FETCHED)
        assert one_message(finished, 13) == "./nowhere: no such folder or sdist, and not a requirement"
        assert xbuild.left_behind() == []


@pytest.mark.network
class TestBuilds:
    @pytest.mark.parametrize(
        ("system", "said"),
        [
            ('requires = "setuptools"', "requires"),
            ('build-backend = "setuptools.build_meta"', "requires"),
            ('requires = ["setuptools"]\ntarget-requires = ["x"]', "target-requires"),
            ('requires = ["setuptools >> 3"]', "setuptools >> 3"),
            ('requires = ["setuptools"]\nbackend-path = "backend"', "backend-path"),
        ],
        ids=["a string", "no requires", "an unknown key", "no requirement", "backend-path"],
    )
    def test_a_wrong_build_system_table(self, builder: Command, *, system: str, said: str) -> None:
        project = make_project(builder.folder, pyproject_toml=f"[build-system]\n{system}\n")
        finished = builder("wheel", project, "--target", "riscv64")
        assert said in one_message(finished, 13) + finished.stderr
        assert builder.left_behind() == []

    def test_a_build_requirement_that_does_not_exist(self, builder: Command) -> None:
        table = '[build-system]\nrequires = ["xbuild-no-such-requirement"]\nbuild-backend = "x"\n'
        finished = builder("wheel", make_project(builder.folder, pyproject_toml=table), "--target", "riscv64")
        assert "xbuild-no-such-requirement" in one_message(finished, 13)
        assert builder.left_behind() == []

    def test_a_backend_that_does_not_exist(self, builder: Command) -> None:
        table = '[build-system]\nrequires = []\nbuild-backend = "xbuild_no_such_backend"\n'
        finished = builder("wheel", make_project(builder.folder, pyproject_toml=table), "--target", "riscv64")
        said = "project: the build for riscv64 failed: Backend 'xbuild_no_such_backend' is not available."
        assert one_message(finished, 13) == said
        assert builder.left_behind() == []

    def test_a_backend_that_fails(self, builder: Command) -> None:
        table = '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
        own = "def build_wheel(directory, settings=None, metadata=None):\n    raise RuntimeError('out of paint')\n"
        finished = builder(
            "wheel", make_project(builder.folder, pyproject_toml=table, own_py=own), "--target", "riscv64"
        )
        assert one_message(finished, 13) == "project: the build for riscv64 failed: RuntimeError: out of paint"
        assert builder.left_behind() == []

    def test_a_backend_that_names_a_wheel_it_did_not_make(self, builder: Command) -> None:
        table = '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
        own = "def build_wheel(directory, settings=None, metadata=None):\n    return 'p-1-py3-none-any.whl'\n"
        finished = builder(
            "wheel", make_project(builder.folder, pyproject_toml=table, own_py=own), "--target", "riscv64"
        )
        said = "project: the backend says that it made p-1-py3-none-any.whl, and did not"
        assert one_message(finished, 13) == said
        assert builder.left_behind() == []

    def test_a_requirement_that_the_index_does_not_have(self, builder: Command) -> None:
        finished = builder("wheel", "markupsafe==0.0.99", "--target", "riscv64")
        assert "markupsafe==0.0.99" in one_message(finished, 13)
        assert builder.left_behind() == []

    @pytest.mark.parametrize(
        ("example", "source", "broken", "said"),
        [
            (
                "hello-c",
                "src/hello_c/_machine.c",
                "int oops = ;\n",
                "_machine.c:1:12: error: expected expression before",
            ),
            ("hello-meson", "src/hello_meson/_add.c", "#include <no-such.h>\n", "fatal error: no-such.h: No such file"),
            ("hello-cmake", "src/hello_cmake/_mean.cpp", "int oops = ;\n", "_mean.cpp:1:12: error: expected primary-"),
        ],
    )
    def test_a_compile_error(self, builder: Command, *, example: str, source: str, broken: str, said: str) -> None:
        """The compiler's first error is the message."""
        project = builder.folder / example
        shutil.copytree(EXAMPLES / example, project)
        file = project / source
        file.write_text(broken + file.read_text())
        finished = builder("wheel", project, "--target", "riscv64")
        message = one_message(finished, 13)
        assert message.startswith(f"{example}: the build for riscv64 failed: ")
        assert said in message
        log = Path(finished.hint.rpartition(" ")[2])
        assert said in log.read_text()
        assert builder.left_behind() == []

    def test_verbose_shows_the_compiler_at_work(self, builder: Command) -> None:
        project = make_project(builder.folder, setup_py="from setuptools import setup\nprint('it is me')\nsetup()\n")
        finished = builder("wheel", project, "--target", "riscv64", "-v")
        assert "\nit is me\n" in finished.stderr


@pytest.mark.network
class TestDisk:
    @pytest.fixture
    def project(self, folder: Path) -> Path:
        path = folder / "hello-c"
        shutil.copytree(EXAMPLES / "hello-c", path)
        pyproject = path / "pyproject.toml"
        pyproject.write_text(pyproject.read_text().partition("[tool.xbuild]")[0])  # which has it tested
        (path / "large").write_bytes(bytes(1 << 19))
        return path

    @pytest.mark.parametrize("size", ["64k", "600k", "1m", "4m"])
    def test_a_disk_that_fills_up_under_a_build(
        self, builder: Command, project: Path, disk: Callable[[Path, str], Disk], *, size: str
    ) -> None:
        """The scratch folder alone is on it: copying, the environment, its requirements or the compiler fail."""
        full = disk(builder.cache / "tmp", f"size={size}")
        finished = builder("wheel", project, "--target", "riscv64", inside=full.inside())
        assert finished.returncode in (12, 13), finished
        one_message(finished, finished.returncode)
        assert "no space left" in finished.stderr.lower() or "disk is full" in finished.stderr
        assert full.files() == []
        assert builder.left_behind() == []

    def test_a_disk_that_is_large_enough(
        self, builder: Command, project: Path, disk: Callable[[Path, str], Disk]
    ) -> None:
        enough = disk(builder.cache / "tmp", "size=200m")
        (wheel,) = succeeded(builder("wheel", project, "--target", "riscv64", inside=enough.inside()))
        assert (builder.folder / wheel).is_file()
        assert enough.files() == []

    @pytest.mark.parametrize("options", ["size=4k", "ro"], ids=["full", "read-only"])
    def test_an_output_folder_without_space(
        self, builder: Command, project: Path, disk: Callable[[Path, str], Disk], *, options: str
    ) -> None:
        full = disk(builder.outdir, options)
        finished = builder("wheel", project, "--target", "riscv64", inside=full.inside())
        assert one_message(finished, 13).startswith(f"cannot write {Path('dist')}/hello_c-1.0-")
        assert "--outdir" in finished.hint
        assert full.files() == []
        assert builder.left_behind() == []
