"""The small programs, with compilers and emulators that are broken in every way they can be."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, NoReturn

import pytest
from tests.support.target_trees import cross_spec, elf, target_python, write

from xbuild.doctor.probes import Probes
from xbuild.emulator import Runner
from xbuild.errors import BuildError
from xbuild.progress import SilentProgress
from xbuild.provision.cache import Cache
from xbuild.targets import get_target

if TYPE_CHECKING:
    from pathlib import Path

    from xbuild.doctor.model import Check

TARGET = get_target("aarch64")
LANGUAGES = ["Python", "C", "C++", "Fortran", "C extension", "Cython", "Rust"]
# Makes what -o names: a copy of the file beside it.
COMPILER = '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\ncp "${0%/*}/output" "$2"\n'
RUSTC = """#!/bin/sh
if [ "$1" = --print ]; then echo "${0%/*}/rust"; exit; fi
exec "${0%/*}/cc" "$@"
"""


def program(path: Path, text: str) -> Path:
    return write(path, text, executable=True)


def no_cython() -> NoReturn:
    raise BuildError("cannot install the build requirements: cython", hint="see the log")


@pytest.fixture
def probes(tmp_path: Path) -> Probes:
    """Everything is well, as far as this can be seen: the compiler makes ELF files, the emulator says 42."""
    tools = tmp_path / "tools"
    python = target_python(tmp_path / "target", TARGET, executable=program(tmp_path / "target/bin/python3.13", ""))
    spec = cross_spec(TARGET, python, sysroot=tmp_path)
    write(tools / "output", elf(TARGET))
    cc, cxx, fc = (program(tools / name, COMPILER) for name in ("cc", "c++", "fc"))
    program(tools / "rustc", RUSTC)
    (tools / "rust/lib/rustlib" / TARGET.rust_triple / "lib").mkdir(parents=True)
    toolchain = dataclasses.replace(spec.toolchain, cc=cc, cxx=cxx, fc=fc)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return Probes(
        spec=dataclasses.replace(spec, toolchain=toolchain),
        runner=Runner(run=program(tools / "run", "#!/bin/sh\necho 42\n"), name_option="-0", wrapper=None),
        folder=scratch,
        cache=Cache(tmp_path / "cache"),
        environ={"PATH": f"{tools}:{os.defpath}"},
        progress=SilentProgress(),
        cython=no_cython,
        offline=True,
    )


def found(probes: Probes) -> dict[str, Check]:
    checks = {check.subject: check for check in probes.run()}
    assert list(checks) == LANGUAGES
    return checks


def test_all_is_well(probes: Probes) -> None:
    checks = found(probes)
    # Cython alone is fetched.
    assert {name: check.status for name, check in checks.items()} == dict.fromkeys(LANGUAGES, "ok") | {
        "Cython": "absent"
    }
    assert checks["Python"].finding == "runs"
    assert checks["C++"].finding == "is compiled, linked and run"
    assert (checks["Cython"].finding, checks["Cython"].remedy) == (
        "not in the cache",
        "run the same command without --offline",
    )


def test_cython_that_cannot_be_had(probes: Probes) -> None:
    check = found(dataclasses.replace(probes, offline=False))["Cython"]
    assert (check.status, check.exit_status) == ("problem", 13)
    assert check.finding == "cannot install the build requirements: cython"


def test_a_compiler_that_fails(probes: Probes) -> None:
    program(probes.spec.toolchain.cc.with_name("c++"), "#!/bin/sh\necho 'probe.cpp:1:1: error: no' >&2\nexit 1\n")
    checks = found(probes)
    check = checks["C++"]
    assert (check.status, check.exit_status) == ("problem", 11)
    assert check.finding == "cannot compile it: c++: exit status 1\n  probe.cpp:1:1: error: no"
    assert check.remedy == "use other compilers, or --toolchain gcc, which fetches them"
    assert check.details == "probe.cpp:1:1: error: no"
    assert checks["C"].status == checks["Fortran"].status == "ok"


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("#!/bin/sh\nkill -SEGV $$\n", "killed by SIGSEGV"),
        ("#!/nonexistent/sh\n", "no such file or directory"),
        ("\x7fELF", "exec format error"),
    ],
)
def test_a_compiler_that_does_not_start(text: str, how: str, probes: Probes) -> None:
    program(probes.spec.toolchain.cc.with_name("fc"), text)
    check = found(probes)["Fortran"]
    assert (check.status, check.exit_status) == ("problem", 11)
    assert check.finding == f"cannot compile it: fc: {how}"


def test_a_compiler_of_another_machine(probes: Probes) -> None:
    write(probes.spec.toolchain.cc.with_name("output"), elf(get_target("ppc64le")))
    checks = found(probes)
    for name in ("C", "C++", "Fortran", "C extension", "Rust"):
        assert checks[name].status == "problem"
        assert checks[name].exit_status == 11
        assert "does not compile for aarch64: " in checks[name].finding
        assert checks[name].remedy == "choose the toolchain that belongs to --target"
    assert checks["Python"].status == "ok"


def test_a_compiler_that_makes_nothing_of_use(probes: Probes) -> None:
    write(probes.spec.toolchain.cc.with_name("output"), "text")
    assert found(probes)["C++"].finding.endswith("does not compile for aarch64: not an ELF file")


def test_an_emulator_that_answers_wrongly(probes: Probes) -> None:
    assert probes.runner.run is not None
    program(probes.runner.run, "#!/bin/sh\necho 41\n")
    checks = found(probes)
    assert {name for name, check in checks.items() if check.status == "problem"} == set(LANGUAGES) - {"Cython"}
    assert checks["C"].finding == "the program runs on aarch64 and answers wrongly: expected 42, found 41"
    assert checks["Python"].finding == (
        "the target's Python runs on aarch64 and answers wrongly: expected 42, found 41"
    )
    assert checks["C"].exit_status == 15


def test_an_emulator_that_crashes(probes: Probes) -> None:
    assert probes.runner.run is not None
    program(probes.runner.run, "#!/bin/sh\necho 'qemu: uncaught target signal 11' >&2\nkill -SEGV $$\n")
    check = found(probes)["C"]
    assert (check.status, check.exit_status) == ("problem", 15)
    assert check.finding == "cannot run it: run: killed by SIGSEGV"
    assert check.details == "qemu: uncaught target signal 11"


def test_a_run_that_does_not_end(probes: Probes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert probes.runner.run is not None
    monkeypatch.setattr("xbuild.doctor.probes._SECONDS", 0.3)
    program(probes.runner.run, "#!/bin/sh\nexec sleep 60\n")
    assert found(probes)["C"].finding == "cannot run it: run: out of time"


def test_languages_the_toolchain_has_not(probes: Probes) -> None:
    toolchain = dataclasses.replace(probes.spec.toolchain, cxx=None, fc=None)
    checks = found(dataclasses.replace(probes, spec=dataclasses.replace(probes.spec, toolchain=toolchain)))
    for name in ("C++", "Fortran"):
        assert checks[name].status == "absent"
        assert checks[name].finding == f"the system toolchain for aarch64 has no {name} compiler"
        assert checks[name].remedy == f"use --toolchain gcc for projects with {name}"


def test_no_rust(probes: Probes) -> None:
    check = found(dataclasses.replace(probes, environ={"PATH": "/usr/bin:/bin"}))["Rust"]
    assert (check.status, check.finding) == ("absent", "no rustc on PATH")


def test_no_rust_for_the_target(probes: Probes) -> None:
    tools = probes.spec.toolchain.cc.parent
    (tools / "rust").rename(tools / "elsewhere")
    check = found(probes)["Rust"]
    assert (check.status, check.exit_status) == ("absent", 0)
    assert check.finding == f"{tools}/rustc has no standard library for aarch64-unknown-linux-gnu"
    assert check.remedy == "rustup target add aarch64-unknown-linux-gnu, or Debian's libstd-rust-dev:arm64"


def test_the_target_python_cannot_run(probes: Probes) -> None:
    python = dataclasses.replace(probes.spec.python, executable=None)
    checks = found(dataclasses.replace(probes, spec=dataclasses.replace(probes.spec, python=python)))
    assert checks["Python"].status == checks["C extension"].status == "problem"
    assert "has no interpreter to run" in checks["Python"].finding
    assert checks["C"].status == "ok"


def test_a_disk_that_is_full_meanwhile(probes: Probes) -> None:
    probes.folder.rmdir()
    checks = found(probes)
    assert checks["C"].status == "problem"
    assert checks["C"].finding == f"no such file or directory: {probes.folder}/C"
