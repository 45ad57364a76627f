"""Any path survives: what each format writes is what its own reader reads, and what the tools can build from."""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xbuild.crossfiles import portable, quoting, render, write_all
from xbuild.emulator import make_emulator
from xbuild.errors import ToolchainError
from xbuild.toolchains.wrappers import install

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.crossfiles.conftest import Cross, CrossFor

    from xbuild.crossfiles import CrossFiles
    from xbuild.crossfiles.spec import CrossSpec

pytestmark = [pytest.mark.network, pytest.mark.emulator]

# Characters that some format has a use for come often.
SPECIAL = st.sampled_from(
    [*"'\"\\$@{}%#;:=+~ \t\n<>&|*?![]()`", "''", "'''", "${x}", "$ENV{x}", "@DIRNAME@", "{{", "ü"]
)
PLAIN = st.characters(exclude_characters="\0\r", exclude_categories=["Cs"])
VALUES = st.lists(st.lists(SPECIAL | PLAIN, max_size=8).map("".join), min_size=30, max_size=60)
FEW = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))

MESON = """
import json, sys
from mesonbuild.machinefile import parse_machine_files
print(json.dumps(parse_machine_files([sys.argv[1]], "/source")["binaries"]))
"""


@pytest.fixture(scope="module")
def tools(cross_for: CrossFor) -> Cross:
    """Any cross build, for the tools that come with it."""
    return cross_for("riscv64")


def written(values: list[str], quote: Callable[[str], str]) -> dict[str, tuple[str, str]]:
    """The values the format can hold, by a name each, as they are and as they are written."""
    found = {}
    for number, value in enumerate(values):
        try:
            found[f"v{number}"] = (value, quote(value))
        except ToolchainError:
            continue
    return found


@given(values=VALUES)
@FEW
def test_meson_reads_what_was_meant(values: list[str], tools: Cross, tmp_path: Path) -> None:
    expected = written(values, quoting.meson)
    file = tmp_path / "cross.ini"
    lines = [f"{name} = {text}\n" for name, (_, text) in expected.items()]
    file.write_text("".join(["[binaries]\n", *lines]), "utf-8")
    read = json.loads(tools.build("python", "-c", MESON, file, cwd=tmp_path))
    assert read == {name: value for name, (value, _) in expected.items()}


@given(values=VALUES)
@FEW
def test_cmake_reads_what_was_meant(values: list[str], tools: Cross, tmp_path: Path) -> None:
    expected = written(values, quoting.cmake)
    script = tmp_path / "script.cmake"
    lines = [
        f'set({name} {text})\nfile(WRITE "{tmp_path}/{name}" "${{{name}}}")\n' for name, (_, text) in expected.items()
    ]
    script.write_text("".join(lines), "utf-8")
    tools.build("cmake", "-P", script, cwd=tmp_path)
    assert {name: (tmp_path / name).read_text("utf-8") for name in expected} == {
        name: value for name, (value, _) in expected.items()
    }


@given(values=VALUES)
@FEW
def test_a_shell_reads_what_was_meant(values: list[str], tools: Cross, tmp_path: Path) -> None:
    expected = written(values, quoting.shell)
    file = tmp_path / "env.sh"
    file.write_text("".join(f"export {name}={text}\n" for name, (_, text) in expected.items()), "utf-8")
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    read = json.loads(tools.build("sh", "-c", f". '{file}'; exec python -c '{code}'", cwd=tmp_path))
    assert {name: read[name] for name in expected} == {name: value for name, (value, _) in expected.items()}


@given(values=VALUES)
@FEW
def test_pkg_config_reads_what_was_meant(values: list[str], tools: Cross, tmp_path: Path) -> None:
    if tools.spec.pkg_config is None:
        pytest.skip("no pkg-config on this machine")
    # pkg-config prints bytes that are not ASCII in a way of its own.
    expected = written([value for value in values if value.isascii() and value.isprintable()], quoting.pkgconfig)
    for name, (value, text) in list(expected.items())[:5]:
        content = f"Name: x\nDescription: x\nVersion: 1\nCflags: --include-directory=/{text}/x\n"
        (tmp_path / f"{name}.pc").write_text(content, "utf-8")
        environ = tools.environ({"PKG_CONFIG_LIBDIR": str(tmp_path)})
        printed = tools.build(tools.spec.pkg_config, "--cflags", name, cwd=tmp_path, environ=environ)
        assert shlex.split(printed) == [f"--include-directory=/{value}/x"]


@pytest.fixture
def place(tools: Cross, tmp_path: Path) -> Callable[[str], tuple[CrossSpec, CrossFiles]]:
    """Puts the target's trees, the compilers' wrappers, the emulator and the files into a folder with a name."""

    def put(name: str) -> tuple[CrossSpec, CrossFiles]:
        folder = tmp_path / name
        spec, qemu = tools.spec, tools.spec.emulator
        assert spec.toolchain.plan is not None
        assert qemu is not None
        assert spec.python.root is not None
        moves = {tree: folder / tree.name for tree in (spec.sysroot.path, spec.python.root)}
        for tree, copy in moves.items():
            shutil.copytree(tree, copy, symlinks=True)
        spec, plan = portable.moved((spec, spec.toolchain.plan), moves)
        emulator = make_emulator(
            qemu.qemu,
            qemu.version,
            target=spec.target,
            python=spec.python,
            sysroot=spec.sysroot,
            directory=folder / "emulators",
        )
        spec = replace(spec, toolchain=install(plan, folder / "toolchain"), emulator=emulator)
        return spec, write_all(spec, folder / "files")

    return put


@pytest.mark.parametrize("name", ["we ird $HOME ü 'dir'", "%s#@x@ {{y}}"])
def test_cmake_builds_with_files_in(
    name: str, place: Callable[[str], tuple[CrossSpec, CrossFiles]], tools: Cross, project: Callable[[str], Path]
) -> None:
    _, files = place(name)
    source = project("cmake")
    options = ("-G", "Ninja", "-DNAME=Python", "-DCOMPONENTS=Interpreter;Development.Module")
    tools.build("cmake", "-S", ".", "-B", "build", *options, "--toolchain", files.cmake, cwd=source)
    tools.build("cmake", "--build", "build", cwd=source)
    tools.build("ctest", "--test-dir", "build", "--output-on-failure", cwd=source)
    tools.ask_target("import plain; assert plain.answer() == 42", cwd=source / "build")


@pytest.mark.parametrize("name", ["we\"ird $HOME 'dir'", "%s;#@x@ {{y}}"])
def test_meson_builds_with_files_in(
    name: str, place: Callable[[str], tuple[CrossSpec, CrossFiles]], tools: Cross, project: Callable[[str], Path]
) -> None:
    spec, files = place(name)
    source = project("meson")
    # Meson expands variables in the name of a cross file, but in none of the paths in it.
    (source / "cross.ini").write_text(render("meson", spec, files), "utf-8")
    tools.build("meson", "setup", "build", "--cross-file", "cross.ini", cwd=source)
    tools.build("meson", "compile", "-C", "build", cwd=source)
    tools.build("meson", "test", "-C", "build", cwd=source)
    tools.ask_target("import plain; assert plain.answer() == 42", cwd=source / "build")


def test_setuptools_takes_the_compilers_of_the_sysconfig_data(
    place: Callable[[str], tuple[CrossSpec, CrossFiles]], tools: Cross, project: Callable[[str], Path]
) -> None:
    """What the environment cannot say: its readers split CC, and quote in different ways."""
    _, files = place("we ird 'dir'")
    source = project("cmake")  # for its module
    setup = "from setuptools import Extension, setup\nsetup(name='x', ext_modules=[Extension('plain', ['module.c'])])\n"
    (source / "setup.py").write_text(setup, "utf-8")
    environ = tools.environ(files.interpreter_environment)
    tools.build("python", "setup.py", "build_ext", "--inplace", cwd=source, environ=environ)
    tools.ask_target("import plain; assert plain.answer() == 42", cwd=source)
