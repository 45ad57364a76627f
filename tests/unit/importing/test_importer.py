"""From files to the text of a toolchain file."""

from __future__ import annotations

import os
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.sdks import buildroot_sdk, yocto_sdk
from tests.support.target_trees import write

from xbuild.crossfiles.environment import render
from xbuild.crossfiles.pkgconfig import EMBEDDING
from xbuild.errors import ToolchainError
from xbuild.importing import Imported, import_files
from xbuild.toolchains.own_file import read_own_file, read_target
from xbuild.toolchains.process import Result

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.unit.importing.conftest import Import

    from xbuild.crossfiles.environment import Format

GCC = "bin/riscv64-acme-linux-gnu-gcc"
TOOLS = dict.fromkeys(("gcc", "g++", "ar", "ranlib", "strip", "nm", "ld", "objcopy", "readelf"), "true")


def parsed(imported: Imported) -> dict[str, Any]:
    return tomllib.loads(imported.text)


def compiler(argv: Sequence[str], *, cwd: Path | None = None) -> Result:
    assert cwd is None
    return Result(status=0 if argv[-1] == "--version" else 1, output="gcc (X) 14.2.0\n")


def test_a_yocto_sdk(tmp_path: Path) -> None:
    (tmp_path / "root/usr/include").mkdir(parents=True)
    file = yocto_sdk(
        tmp_path / "sdk", arch="aarch64", kernel="arm64", tune="-march=armv8-a", tools=TOOLS, sysroot=tmp_path / "root"
    )
    imported = import_files([file], target=None, environ={"PATH": "/nowhere", "LD_LIBRARY_PATH": "/x"}, run=compiler)
    sysroot = f"{tmp_path}/sdk/sysroots/aarch64-poky-linux"
    prefix = f"{tmp_path}/sdk/sysroots/x86_64-pokysdk-linux/usr/bin/aarch64-poky-linux/aarch64-poky-linux-"
    arguments = [
        *("-march=armv8-a", "-fstack-protector-strong", "-O2", f"--sysroot={sysroot}"),
        *("-O2", "-pipe", "-g", "-feliminate-unused-debug-types"),
        *("-Wl,-O1", "-Wl,--hash-style=gnu", "-Wl,--as-needed", "-Wl,-z,relro,-z,now"),
    ]
    binutils = {name: f"{prefix}{name}" for name in ("ar", "ranlib", "strip", "nm", "objcopy", "readelf")}
    assert parsed(imported) == {
        "toolchain": {"family": "gcc"},
        "tools": {
            "cc": [f"{prefix}gcc", *arguments],
            "cxx": [f"{prefix}g++", *arguments],
            "ld": [f"{prefix}ld", f"--sysroot={sysroot}"],
            **binutils,
        },
        "target": {"name": "aarch64", "sysroot": sysroot},
    }
    assert imported.notes == (
        (
            f"{file}: a toolchain file has no place for CONFIG_SITE (line 11), OECORE_ACLOCAL_OPTS (line 14), "
            "AS (line 24), GDB (line 26), OBJDUMP (line 30), "
            "M4 (line 34), OECORE_DISTRO_VERSION (line 42), OECORE_SDK_VERSION (line 43)"
        ),
        f"there is no build-details.json in {sysroot}: the target's Python is taken from the archive",
    )


@pytest.mark.parametrize("form", ["cmake", "environment"])
def test_a_buildroot_sdk(form: str, tmp_path: Path) -> None:
    details = write(tmp_path / "root/usr/lib/python3.14/build-details.json", "{}")
    host = tmp_path / "hôst dir"
    files = buildroot_sdk(host, arch="powerpc64le", kernel="powerpc", tools=TOOLS, sysroot=tmp_path / "root")
    file = files[0] if form == "cmake" else files[1]
    imported = import_files([file], target=None, environ={"PATH": "/nowhere"}, run=compiler)
    content = parsed(imported)
    sysroot = f"{host}/powerpc64le-buildroot-linux-gnu/sysroot"
    assert content["tools"]["cc"][0] == f"{host}/bin/powerpc64le-buildroot-linux-gnu-gcc"
    assert content["tools"]["cc"][-2:] == (["-g0", "-Wl,-z,relro"] if form == "cmake" else ["-O2", "-g0"])
    assert content["toolchain"].get("sysroot", content["target"].get("sysroot")) == sysroot
    assert content["target"]["name"] == "ppc64le"
    assert content["target"]["build-details"] == str(details).replace(str(tmp_path / "root"), sysroot)


def test_the_result_is_a_valid_toolchain_file(run_import: Import, sdk: Path) -> None:
    text = f"set(CMAKE_C_COMPILER {sdk}/{GCC})\nset(CMAKE_SYSROOT {sdk}/sysroot)\nset(CMAKE_C_FLAGS -DX=1)\n"
    file = write(sdk / "own.toml", run_import(text, "t.cmake").text)
    own = read_own_file(file, search_path="/nowhere")
    target = read_target(file)
    assert target is not None
    assert (target.name, own.sysroot, own.settings.sysroot) == ("riscv64", sdk / "sysroot", sdk / "sysroot")
    assert own.tools["cc"].arguments == ("-DX=1",)


class TestCompilers:
    def test_clang_gets_its_target_and_no_warnings_of_link_options(self, run_import: Import, sdk: Path) -> None:
        clang = write(sdk / "bin/clang", "", executable=True)
        text = f"""\
set(CMAKE_C_COMPILER {clang};-Wall)
set(CMAKE_C_COMPILER_ARG1 " -mabi=lp64d")
set(CMAKE_C_COMPILER_TARGET riscv64-linux-gnu)
set(CMAKE_C_COMPILER_EXTERNAL_TOOLCHAIN /gcc)
set(CMAKE_C_FLAGS_INIT "-DX='a b'")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-fuse-ld=lld -lm")
set(CMAKE_EXE_LINKER_FLAGS -static)
"""
        imported = run_import(text, "t.cmake", answers={"--version": "clang version 19.1.0"})
        assert parsed(imported)["tools"]["cc"] == [
            *(str(clang), "-Wall", "-mabi=lp64d", "--target=riscv64-linux-gnu", "--gcc-toolchain=/gcc", "-DX=a b"),
            *("--start-no-unused-arguments", "-fuse-ld=lld", "--end-no-unused-arguments"),
        ]
        assert imported.notes == (
            (
                f"{sdk}/t.cmake:7: CMAKE_EXE_LINKER_FLAGS differs from that of other links, and a toolchain file has "
                "one place for all"
            ),
            f"{sdk}/t.cmake:1: -lm for every link is left out",
        )

    @pytest.mark.parametrize(("flags", "kept"), [(EMBEDDING, []), (f"-s {EMBEDDING}", ["-s", EMBEDDING])])
    def test_what_our_files_have_for_embedding_is_none(
        self, flags: str, kept: list[str], run_import: Import, sdk: Path
    ) -> None:
        text = f'set(CMAKE_C_COMPILER {sdk}/{GCC})\nset(CMAKE_EXE_LINKER_FLAGS_INIT "{flags}")\n'
        imported = run_import(text, "t.cmake")
        assert parsed(imported)["tools"]["cc"] == ([f"{sdk}/{GCC}", *kept] if kept else f"{sdk}/{GCC}")
        assert imported.notes == ()

    def test_a_launcher_is_left_out_and_said(self, run_import: Import, sdk: Path) -> None:
        text = (
            f"export CC='ccache {sdk}/{GCC} -O1'\nexport CXX=riscv64-acme-linux-gnu-g++\nexport PATH={sdk}/bin:$PATH\n"
        )
        imported = run_import(text, "env.sh")
        assert parsed(imported)["tools"] == {
            "cc": [f"{sdk}/{GCC}", "-O1"],
            "cxx": f"{sdk}/bin/riscv64-acme-linux-gnu-g++",
        }
        assert imported.notes == (f"{sdk}/env.sh:1: ccache before {sdk}/{GCC} is left out",)

    def test_one_whose_value_cannot_be_told_is_an_error(self, run_import: Import, tmp_path: Path) -> None:
        with pytest.raises(ToolchainError) as caught:
            run_import("find_program(GCC gcc)\nset(CMAKE_C_COMPILER ${GCC})\n", "t.cmake")
        file = tmp_path / "t.cmake"
        assert caught.value.message == (
            f"{file}:2: the value of CMAKE_C_COMPILER cannot be told without CMake: find_program() on {file}:1 is not "
            "followed"
        )

    def test_nor_one_that_only_a_shell_could_tell(self, run_import: Import, tmp_path: Path) -> None:
        with pytest.raises(ToolchainError) as caught:
            run_import("export AR=$(which ar)\nexport CC=$(which gcc)\n", "env.sh")
        file = tmp_path / "env.sh"
        assert caught.value.message == (
            f"{file}:2: the value of CC cannot be told without a shell: $(which gcc) on {file}:2 is not run"
        )

    def test_other_values_that_cannot_be_told_are_said(self, run_import: Import, sdk: Path) -> None:
        text = f"set(CMAKE_C_COMPILER {sdk}/{GCC})\nfind_program(CMAKE_AR ar)\n"
        assert run_import(text, "t.cmake").notes == (
            f"{sdk}/t.cmake:2: find_program() is not followed",
            (
                f"{sdk}/t.cmake:2: the value of CMAKE_AR cannot be told without CMake: find_program() on "
                f"{sdk}/t.cmake:2 is not followed"
            ),
        )

    def test_what_was_not_followed_is_said_with_an_error_too(self, run_import: Import, sdk: Path) -> None:
        with pytest.raises(ToolchainError) as caught:
            run_import("if(COMMAND x)\nset(B y)\nendif()\nset(CMAKE_AR ar)\n", "t.cmake")
        assert caught.value.message == f"{sdk}/t.cmake names no C compiler"
        assert caught.value.details == (
            f"{sdk}/t.cmake:1: if() cannot be decided: COMMAND is not known before a project is configured: x"
        )

    @pytest.mark.parametrize("path", ["", ":/nowhere", "/nowhere::"])
    def test_none_is_taken_from_the_current_folder(
        self, path: str, run_import: Import, sdk: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(sdk / "bin")
        environ = {"PATH": path}
        imported = run_import("export CC=riscv64-acme-linux-gnu-gcc\nexport PATH=:$PATH", "env.sh", environ=environ)
        assert parsed(imported)["tools"] == {"cc": "riscv64-acme-linux-gnu-gcc"}

    def test_flags_that_are_no_words_are_an_error(self, run_import: Import, tmp_path: Path) -> None:
        with pytest.raises(ToolchainError) as caught:
            run_import('export CC=gcc\nexport CFLAGS="\'"\n', "env.sh")
        assert caught.value.message == (
            f'{tmp_path}/env.sh:2: CFLAGS: cannot be split into arguments (No closing quotation): "\'"'
        )


class TestSysroot:
    def test_one_among_the_compilers_arguments_is_not_given_twice(self, run_import: Import, sdk: Path) -> None:
        text = f"set(CMAKE_C_COMPILER {sdk}/{GCC} --sysroot={sdk}/sysroot)\nset(CMAKE_SYSROOT {sdk}/sysroot)\n"
        imported = parsed(run_import(text, "t.cmake"))
        assert imported["toolchain"] == {"family": "gcc"}
        assert imported["target"]["sysroot"] == f"{sdk}/sysroot"

    def test_one_that_the_compiler_knows(self, run_import: Import, sdk: Path) -> None:
        answers = {"--version": "gcc 14", "-print-sysroot": f"{sdk}/bin/../sysroot"}
        imported = run_import(f"export CC={sdk}/{GCC}", "env.sh", answers=answers)
        assert parsed(imported)["target"] == {"name": "riscv64", "sysroot": f"{sdk}/sysroot"}

    @pytest.mark.parametrize("answer", ["", "/", "not here", "/nowhere"])
    def test_or_does_not_know(self, answer: str, run_import: Import, sdk: Path) -> None:
        answers = {"--version": "gcc 14", "-print-sysroot": answer}
        assert parsed(run_import(f"export CC={sdk}/{GCC}", "env.sh", answers=answers))["target"] == {"name": "riscv64"}

    def test_a_second_one_is_said(self, run_import: Import, sdk: Path) -> None:
        text = f"export CC='{sdk}/{GCC} --sysroot {sdk}/sysroot'\nexport PKG_CONFIG_SYSROOT_DIR=/other\n"
        imported = run_import(text, "env.sh")
        assert parsed(imported)["target"]["sysroot"] == f"{sdk}/sysroot"
        assert imported.notes[0] == "a second sysroot is left out: /other"

    def test_what_is_only_in_a_further_root_is_said(self, run_import: Import, sdk: Path) -> None:
        text = f"set(CMAKE_C_COMPILER {sdk}/{GCC})\nset(CMAKE_FIND_ROOT_PATH {sdk}/sysroot /b {sdk}/sysroot/usr /py)\n"
        imported = run_import(f"{text}set(Python_INCLUDE_DIR /py/include/python3.13)\n", "t.cmake")
        assert parsed(imported)["target"]["sysroot"] == f"{sdk}/sysroot"
        assert imported.notes[0] == (
            f"{sdk}/t.cmake:2: root /b is left out: libraries and packages there are not found"
        )
        assert "root /py" not in " ".join(imported.notes)


class TestPython:
    def test_the_details_beside_the_headers_are_found(self, run_import: Import, sdk: Path) -> None:
        details = write(sdk / "py/lib/python3.14/build-details.json", "{}")
        text = f"""\
set(CMAKE_C_COMPILER {sdk}/{GCC})
set(Python_INCLUDE_DIR {sdk}/py/include/python3.14)
set(Python_SOABI cpython-314-riscv64-linux-gnu CACHE STRING "")
"""
        imported = run_import(text, "t.cmake")
        assert parsed(imported)["target"] == {"name": "riscv64", "build-details": str(details)}
        assert imported.notes == ()

    def test_without_them_the_version_is_kept_and_the_rest_said(self, run_import: Import, sdk: Path) -> None:
        text = f"""\
set(CMAKE_C_COMPILER {sdk}/{GCC})
set(CMAKE_SYSROOT {sdk}/sysroot)
set(Python3_INCLUDE_DIR {sdk}/sysroot/usr/include/python3.12)
set(Python3_SOABI x)
"""
        imported = run_import(text, "t.cmake")
        assert parsed(imported)["target"] == {"name": "riscv64", "python": "3.12"}
        assert imported.notes == (
            f"there is no build-details.json in {sdk}/sysroot: CPython 3.12 is taken from the archive",
            f"{sdk}/t.cmake: a toolchain file has no place for Python3_SOABI (line 4)",
        )

    def test_details_that_are_not_there_are_said(self, run_import: Import, sdk: Path) -> None:
        text = f"[binaries]\nc = '{sdk}/{GCC}'\n[built-in options]\npython.build_config = '/nowhere/x.json'\n"
        assert run_import(text).notes == ("there is no /nowhere/x.json: the target's Python is not described",)


class TestEmulator:
    def emulator(self, run_import: Import, sdk: Path, words: str) -> tuple[object, tuple[str, ...]]:
        imported = run_import(f"[binaries]\nc = '{sdk}/{GCC}'\nexe_wrapper = {words}\n")
        return parsed(imported).get("emulator"), imported.notes

    def test_qemu_on_path(self, run_import: Import, sdk: Path) -> None:
        qemu = write(sdk / "path/qemu-riscv64-static", "", executable=True)
        words = "['qemu-riscv64-static', '-g', '-cpu', 'max']"
        assert self.emulator(run_import, sdk, words) == (
            {"qemu": str(qemu), "cpu": "max"},
            (f"{sdk}/cross.ini:3: the emulator's -g is left out",),
        )

    def test_something_else(self, run_import: Import, sdk: Path) -> None:
        write(sdk / "path/spike", "", executable=True)
        note = f"{sdk}/cross.ini:3: the emulator spike is not QEMU: xbuild finds one itself"
        assert self.emulator(run_import, sdk, "'spike'") == (None, (note,))

    def test_one_that_is_not_there(self, run_import: Import, sdk: Path) -> None:
        note = f"{sdk}/cross.ini:3: the emulator qemu-riscv64 is not there: xbuild finds one itself"
        assert self.emulator(run_import, sdk, "'qemu-riscv64'") == (None, (note,))

    def test_our_own_scripts_are_what_they_run(self, run_import: Import, sdk: Path) -> None:
        qemu = write(sdk / "q u/qemu-riscv64", "", executable=True)
        run = f"#!/bin/sh\n# x\nexec '{qemu}' -L {sdk}/em/root -cpu rv64 \"$@\"\n"
        write(sdk / "em/run", run, executable=True)
        write(sdk / "em/root/x", "")
        wrapper = write(sdk / "em/wrapper", "#!/bin/sh\n", executable=True)
        assert self.emulator(run_import, sdk, f"'{wrapper}'") == ({"qemu": str(qemu), "cpu": "rv64"}, ())
        write(sdk / "em/run", "")
        assert self.emulator(run_import, sdk, f"'{wrapper}'")[0] is None


def test_the_build_machines_programs(run_import: Import, sdk: Path) -> None:
    own = write(sdk / "own-cc", "", executable=True)
    text = f"export CC={sdk}/{GCC}\nexport CC_FOR_BUILD='{own} -m64'\nexport HOST_CXX=/nowhere/c++\n"
    text += "export PKG_CONFIG=pkg-config\n"
    imported = run_import(text, "env.sh")
    assert parsed(imported)["build"] == {"cc": str(own)}
    assert imported.notes == (
        f"{sdk}/env.sh:2: arguments of {own} are left out",
        f"{sdk}/env.sh:3: cxx of the build machine: there is no /nowhere/c++",
    )


class TestFilesNamedByScripts:
    def test_the_cmake_file_is_asked_for_what_the_script_does_not_say(self, run_import: Import, sdk: Path) -> None:
        details = write(sdk / "py/lib/python3.14/build-details.json", "{}")
        more = {"t.cmake": f"set(Python_INCLUDE_DIR {sdk}/py/include/python3.14)\nset(CMAKE_C_COMPILER other)\n"}
        text = f"export CC={sdk}/{GCC}\nexport CMAKE_TOOLCHAIN_FILE={sdk}/t.cmake\n"
        write(sdk / "t.cmake", more["t.cmake"])
        assert parsed(run_import(text, "env.sh"))["target"]["build-details"] == str(details)

    def test_it_is_read_in_the_environment_that_the_script_leaves(self, run_import: Import, sdk: Path) -> None:
        details = write(sdk / "py/lib/python3.14/build-details.json", "{}")
        write(sdk / "t.cmake", "set(Python3_INCLUDE_DIR $ENV{PY}/include/python3.14)\n")
        text = f"export CC={sdk}/{GCC}\nexport PY={sdk}/py\nexport CMAKE_TOOLCHAIN_FILE={sdk}/t.cmake\n"
        assert parsed(run_import(text, "env.sh"))["target"]["build-details"] == str(details)

    def test_one_that_cannot_be_read_is_said(self, run_import: Import, sdk: Path) -> None:
        write(sdk / "t.cmake", "set(")
        imported = run_import(f"export CC={sdk}/{GCC}\nexport CMAKE_TOOLCHAIN_FILE=t.cmake\n", "env.sh")
        assert imported.notes == (f"{sdk}/t.cmake is not read: {sdk}/t.cmake:1: the ')' of a command is missing",)


class TestFormats:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("cross", "[binaries]\nc = 'x'\n"),
            ("riscv64", "set(CMAKE_C_COMPILER x)\n"),
            ("setup", "export CC=x\n"),
            ("environment-setup-riscv64", "CC=x\nexport CC\n"),
        ],
    )
    def test_are_told_by_what_is_in_the_file(self, name: str, text: str, run_import: Import) -> None:
        assert parsed(run_import(text, name, target="riscv64"))["tools"] == {"cc": "x"}

    @pytest.mark.parametrize("style", ["dotenv", "github"])
    def test_ours_for_others_export_nothing_and_mean_all(self, style: Format, run_import: Import, sdk: Path) -> None:
        text = render({"CC": f"{sdk}/{GCC}", "PYTHONPATH": "/x", "CARGO_BUILD_TARGET": "riscv64"}, style)
        imported = run_import(text, "own.env")
        assert parsed(imported)["tools"] == {"cc": f"{sdk}/{GCC}"}
        assert imported.notes == ()

    def message(self, run_import: Import, name: str, text: str | bytes, **more: str) -> str:
        with pytest.raises(ToolchainError) as caught:
            run_import(text, name, more=more)  # type: ignore[arg-type]  # bytes are what no text is
        return caught.value.message

    def test_or_not_told(self, run_import: Import, tmp_path: Path) -> None:
        assert self.message(run_import, "x", "hello\n") == f"{tmp_path}/x is nothing that can be imported"

    def test_only_mesons_can_be_put_together(self, run_import: Import, tmp_path: Path) -> None:
        message = self.message(run_import, "t.cmake", "set(A x)\n", **{"a.ini": "[binaries]\n"})
        assert message == f"{tmp_path}/t.cmake is no Meson cross file, and only those are made to be put together"

    def test_what_is_no_text_is_said(self, run_import: Import, tmp_path: Path) -> None:
        assert (
            self.message(run_import, "x", b"\xff") == f"{tmp_path}/x is not text in UTF-8: invalid start byte at byte 0"
        )
        assert self.message(run_import, "x", "a\n\0") == f"{tmp_path}/x:2: a zero byte: this is no text"
        assert self.message(run_import, "x", " " * (1 << 20) + "x") == f"{tmp_path}/x is too large to be a cross file"

    def test_a_file_that_is_gone(self, tmp_path: Path) -> None:
        with pytest.raises(ToolchainError) as caught:
            import_files([tmp_path / "x"], target=None, environ={})
        assert caught.value.message == f"cannot read {tmp_path}/x: no such file or directory"

    def test_a_path_that_toml_cannot_have(self, sdk: Path) -> None:
        folder = sdk / os.fsdecode(b"\xff")
        folder.mkdir()
        for name in ("gcc", "x"):
            (sdk / GCC).rename(folder / f"riscv64-linux-gnu-{name}") if name == "gcc" else None
        file = write(folder / "cross.ini", "[binaries]\nc = '@DIRNAME@/riscv64-linux-gnu-gcc'\n")
        with pytest.raises(ToolchainError) as caught:
            import_files([file], target=None, environ={}, run=compiler)
        assert caught.value.message.startswith("a path is not in UTF-8, as TOML has it: ")
