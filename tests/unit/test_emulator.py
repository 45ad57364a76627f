from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support.target_trees import EXECUTABLE, SHARED, cross_spec, elf, target_python, tree, write

from xbuild.crossfiles.spec import Emulator, Sysroot
from xbuild.emulator import (
    ask_version,
    find_qemu,
    library_links,
    make_emulator,
    make_runner,
    parse_version_output,
    read_glibc,
)
from xbuild.errors import ProvisionError, TargetError
from xbuild.targets import Target, get_target, target_names

RISCV64 = get_target("riscv64")
ECHO = '#!/bin/sh\nfor word; do echo "<$word>"; done\n'
SHELLS = [name for name in ("dash", "bash", "busybox") if shutil.which(name)]


def qemu_that_says(path: Path, text: str) -> Path:
    return write(path, f"#!/bin/sh\necho {shlex.quote(text)}\n", executable=True)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("qemu-riscv64 version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright (c) 2003-2022\n", "7.2.22"),
        ("qemu-x86_64 version 10.0\n", "10.0"),
        ("qemu-aarch64 version 9.1.50 (v9.1.0-1)\n", "9.1.50"),
        ("qemu-aarch64 version 9\n", None),
        ("usage: qemu", None),
        ("", None),
    ],
)
def test_parse_version_output(text: str, version: str | None) -> None:
    assert parse_version_output(text) == version


class TestFindQemu:
    def test_the_static_one_is_preferred(self, tmp_path: Path) -> None:
        qemu_that_says(tmp_path / "qemu-riscv64", "qemu-riscv64 version 9.0.0")
        static = qemu_that_says(tmp_path / "qemu-riscv64-static", "qemu-riscv64 version 7.2.22 (Debian)")
        assert find_qemu(RISCV64, path=str(tmp_path)) == (static, "7.2.22")

    def test_one_that_is_too_old_is_passed_over(self, tmp_path: Path) -> None:
        qemu_that_says(tmp_path / "qemu-riscv64-static", "qemu-riscv64 version 5.2.0")
        newer = qemu_that_says(tmp_path / "qemu-riscv64", "qemu-riscv64 version 6.2.0")
        assert find_qemu(RISCV64, path=str(tmp_path)) == (newer, "6.2.0")

    def test_none_that_is_new_enough(self, tmp_path: Path) -> None:
        qemu_that_says(tmp_path / "qemu-riscv64-static", "qemu-riscv64 version 6.1.9")
        assert find_qemu(RISCV64, path=str(tmp_path)) is None

    def test_none_at_all(self, tmp_path: Path) -> None:
        assert find_qemu(RISCV64, path=str(tmp_path)) is None

    def test_one_that_is_no_qemu(self, tmp_path: Path) -> None:
        qemu_that_says(tmp_path / "qemu-riscv64", "hello")
        assert find_qemu(RISCV64, path=str(tmp_path)) is None

    def test_one_that_does_not_start(self, tmp_path: Path) -> None:
        assert ask_version(write(tmp_path / "qemu-riscv64", "#!/nonexistent\n", executable=True)) == ""


class TestReadGlibc:
    def test_it_is_in_the_library_itself(self, tmp_path: Path) -> None:
        assert read_glibc(tree(tmp_path / "tree", RISCV64, glibc="2.41"), RISCV64.triplet) == (2, 41)

    def test_there_is_none(self, tmp_path: Path) -> None:
        assert read_glibc(tree(tmp_path / "tree", RISCV64, glibc=None), RISCV64.triplet) is None

    def test_it_says_nothing(self, tmp_path: Path) -> None:
        path = tree(tmp_path / "tree", RISCV64, glibc=None)
        write(path / "usr/lib/libc.so.6", b"\x7fELF")
        assert read_glibc(path, RISCV64.triplet) is None


class Trees:
    """A target Python's tree and a sysroot."""

    def __init__(self, tmp_path: Path, *, python: str | None, sysroot: str | None, target: Target = RISCV64) -> None:
        self.target = target
        self.root = tree(tmp_path / "python tree", target, glibc=python, libraries=("libz.so.1", "libssl.so.3"))
        self.sysroot = tree(tmp_path / "sysroot", target, glibc=sysroot, libraries=("libz.so.1", "libxml2.so.2"))
        self.python = target_python(self.root / "usr", target, root=self.root)

    def links(self) -> dict[str, Path]:
        sysroot = Sysroot(path=self.sysroot, triplet=self.target.triplet)
        return dict(library_links(self.target, python=self.python, sysroot=sysroot))

    def library(self, name: str) -> Path:
        return self.links()[f"usr/lib/{self.target.triplet}/{name}"].relative_to(self.root.parent)

    def emulator(self, qemu: Path, *, version: str = "7.2.22", cpu: str | None = None) -> Emulator:
        return make_emulator(
            qemu,
            version,
            target=self.target,
            python=self.python,
            sysroot=Sysroot(path=self.sysroot, triplet=self.target.triplet),
            directory=self.root.parent / "emu",
            cpu=cpu,
        )


class TestLibraryLinks:
    def test_the_pythons_come_first_and_the_sysroots_fill_in(self, tmp_path: Path) -> None:
        trees = Trees(tmp_path, python="2.41", sysroot="2.36")
        multiarch = Path("usr/lib/riscv64-linux-gnu")
        assert trees.library("libc.so.6") == "python tree" / multiarch / "libc.so.6"
        assert trees.library("libz.so.1") == "python tree" / multiarch / "libz.so.1"
        assert trees.library("libssl.so.3") == "python tree" / multiarch / "libssl.so.3"
        assert trees.library("libxml2.so.2") == "sysroot" / multiarch / "libxml2.so.2"
        assert trees.links()["usr/lib/ld-linux-riscv64-lp64d.so.1"].is_relative_to(trees.root)

    def test_a_sysroot_with_a_newer_c_library_comes_first(self, tmp_path: Path) -> None:
        trees = Trees(tmp_path, python="2.36", sysroot="2.41")
        multiarch = Path("sysroot/usr/lib/riscv64-linux-gnu")
        assert trees.library("libc.so.6") == multiarch / "libc.so.6"
        assert trees.library("libz.so.1") == multiarch / "libz.so.1"
        assert trees.library("libssl.so.3").parts[0] == "python tree"
        assert trees.links()["usr/lib/ld-linux-riscv64-lp64d.so.1"].is_relative_to(trees.sysroot)

    def test_of_equals_the_pythons_comes_first(self, tmp_path: Path) -> None:
        assert Trees(tmp_path, python="2.41", sysroot="2.41").library("libz.so.1").parts[0] == "python tree"

    def test_a_python_without_a_tree_has_the_sysroots(self, tmp_path: Path) -> None:
        trees = Trees(tmp_path, python=None, sysroot="2.41")
        trees.python = target_python(trees.root / "usr", RISCV64)
        assert {path.relative_to(tmp_path).parts[0] for path in trees.links().values()} == {"sysroot"}

    def test_folders_of_modules_are_there_and_what_is_no_library_is_not(self, tmp_path: Path) -> None:
        trees = Trees(tmp_path, python="2.41", sysroot="2.36")
        multiarch = trees.root / "usr/lib/riscv64-linux-gnu"
        write(multiarch / "gconv/UTF-7.so", "")
        write(multiarch / "libz.a", "")
        write(trees.root / "usr/lib/python3.13/os.py", "")
        assert trees.library("gconv") == Path("python tree/usr/lib/riscv64-linux-gnu/gconv")
        assert set(trees.links()) == {
            *(f"usr/lib/riscv64-linux-gnu/{name}" for name in ("gconv", "libc.so.6", "libssl.so.3")),
            *(f"usr/lib/riscv64-linux-gnu/{name}" for name in ("libxml2.so.2", "libz.so.1")),
            "usr/lib/ld-linux-riscv64-lp64d.so.1",
        }

    def test_an_absolute_link_means_the_tree(self, tmp_path: Path) -> None:
        trees = Trees(tmp_path, python="2.41", sysroot="2.36")
        write(trees.root / "opt/libodd.so.1.2", "")
        (trees.root / "usr/lib/riscv64-linux-gnu/libodd.so.1").symlink_to("/opt/libodd.so.1.2")
        assert trees.library("libodd.so.1") == Path("python tree/opt/libodd.so.1.2")

    def test_links_that_lead_nowhere_or_out_of_the_tree_are_passed_over(self, tmp_path: Path) -> None:
        trees = Trees(tmp_path, python="2.41", sysroot="2.36")
        write(tmp_path / "outside.so", "")
        multiarch = trees.root / "usr/lib/riscv64-linux-gnu"
        (multiarch / "libgone.so.1").symlink_to("libgone.so.1.0")
        (multiarch / "libloop.so.1").symlink_to("libloop.so.1")
        (multiarch / "libout.so.1").symlink_to("../../../../outside.so")
        names = {Path(place).name for place in trees.links()}
        assert not names & {"libgone.so.1", "libloop.so.1", "libout.so.1"}

    def test_a_loader_that_is_only_in_the_multiarch_folder(self, tmp_path: Path) -> None:
        """Debian's ``/lib64/ld64.so.2`` is an absolute link in some suites, or not in the package at all."""
        target = get_target("ppc64le")
        trees = Trees(tmp_path, python="2.36", sysroot="2.36", target=target)
        for path in (trees.root, trees.sysroot):
            loader = path / "usr/lib64/ld64.so.2"
            loader.rename(path / "usr/lib/powerpc64le-linux-gnu/ld64.so.2")
        assert trees.links()["usr/lib64/ld64.so.2"].relative_to(tmp_path) == Path(
            "python tree/usr/lib/powerpc64le-linux-gnu/ld64.so.2"
        )

    def test_libraries_in_lib64_are_found_by_debians_loader_and_the_others_by_red_hats(self, tmp_path: Path) -> None:
        trees = Trees(tmp_path, python="2.41", sysroot="2.36")
        (trees.sysroot / "usr/lib/riscv64-linux-gnu").rename(trees.sysroot / "usr/lib64")
        links = trees.links()
        assert links["usr/lib/riscv64-linux-gnu/libxml2.so.2"] == trees.sysroot / "usr/lib64/libxml2.so.2"
        assert links["usr/lib/riscv64-linux-gnu/libc.so.6"].is_relative_to(trees.root)
        assert links["usr/lib64/libc.so.6"].is_relative_to(trees.sysroot)
        assert links["usr/lib64/libssl.so.3"].is_relative_to(trees.root)

    def test_no_loader(self, tmp_path: Path) -> None:
        trees = Trees(tmp_path, python=None, sysroot=None)
        with pytest.raises(ProvisionError) as caught:
            trees.links()
        assert caught.value.message == (
            f"programs of riscv64 cannot run: none of {trees.root}, {trees.sysroot} has the target's loader, "
            "/lib/ld-linux-riscv64-lp64d.so.1"
        )
        assert (
            caught.value.hint == "name a --sysroot that has the target's C library, or leave it out to have one fetched"
        )


def output(*command: str | Path, shell: str | None = None, environ: dict[str, str] | None = None) -> list[str]:
    """Run a script, by its own first line or by ``shell``."""
    start = [] if shell is None else ["busybox", "sh"] if shell == "busybox" else [shell]
    done = subprocess.run(
        [*start, *map(str, command)], env=environ, stdout=subprocess.PIPE, text=True, check=True, timeout=30
    )
    return done.stdout.splitlines()


class TestMakeEmulator:
    @pytest.fixture
    def qemu(self, tmp_path: Path) -> Path:
        return write(tmp_path / "it's QEMU" / "qemu", ECHO, executable=True)

    def test_what_it_is(self, tmp_path: Path, qemu: Path) -> None:
        emulator = Trees(tmp_path, python="2.41", sysroot="2.36").emulator(qemu)
        assert (emulator.qemu, emulator.version, emulator.cpu) == (qemu, "7.2.22", "rv64")
        assert emulator.run.parent == emulator.wrapper.parent
        assert emulator.run.parent.parent == tmp_path / "emu"

    def test_run_passes_every_word_on_as_it_is(self, tmp_path: Path, qemu: Path) -> None:
        emulator = Trees(tmp_path, python="2.41", sysroot="2.36").emulator(qemu, version="9.0.1")
        root = emulator.run.parent / "root"
        assert output(emulator.run, "-0", "a b", "/bin/prog", "it's", "$x *", "") == [
            *(f"<{word}>" for word in ("-L", root, "-cpu", "max")),
            *(f"<{word}>" for word in ("-0", "a b", "/bin/prog", "it's", "$x *", "")),
        ]

    def test_the_root_is_complete(self, tmp_path: Path, qemu: Path) -> None:
        trees = Trees(tmp_path, python="2.41", sysroot="2.36")
        root = trees.emulator(qemu).run.parent / "root"
        assert (root / "lib/ld-linux-riscv64-lp64d.so.1").read_bytes() == elf(RISCV64)
        assert (root / "lib64").resolve() == root / "usr/lib64"
        for place in trees.links():
            assert (root / place).exists()
        assert (root / "etc/ld.so.cache").read_bytes() == (root / "etc/ld.so.preload").read_bytes() == b""

    def test_the_same_again_is_the_same_folder(self, tmp_path: Path, qemu: Path) -> None:
        trees = Trees(tmp_path, python="2.41", sysroot="2.36")
        first = trees.emulator(qemu)
        made = {path: path.lstat().st_mtime_ns for path in (tmp_path / "emu").rglob("*")}
        assert trees.emulator(qemu) == first
        assert {path: path.lstat().st_mtime_ns for path in (tmp_path / "emu").rglob("*")} == made

    def test_a_new_library_is_a_new_folder(self, tmp_path: Path, qemu: Path) -> None:
        trees = Trees(tmp_path, python="2.41", sysroot="2.36")
        first = trees.emulator(qemu)
        write(trees.sysroot / "usr/lib/libnew.so.1", "")
        second = trees.emulator(qemu)
        assert second.run != first.run
        assert (second.run.parent / "root/usr/lib/libnew.so.1").exists()

    def test_nothing_is_left_by_a_failure(self, tmp_path: Path, qemu: Path) -> None:
        trees = Trees(tmp_path, python="2.41", sysroot="2.36")
        made = trees.emulator(qemu).run.parent
        shutil.rmtree(made)
        write(made, "in the way")
        with pytest.raises(NotADirectoryError):
            trees.emulator(qemu)
        assert list((tmp_path / "emu").iterdir()) == [made]

    @pytest.mark.parametrize("shell", SHELLS)
    @pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
    @pytest.mark.parametrize("name", target_names())
    def test_wrapper_knows_the_targets_programs(
        self, name: str, locale: str, shell: str, tmp_path: Path, qemu: Path
    ) -> None:
        target = get_target(name)
        emulator = Trees(tmp_path, python="2.41", sysroot="2.36", target=target).emulator(qemu)
        environ = {"LC_ALL": locale, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
        write(tmp_path / "bin/on-path", elf(target), executable=True)
        for kind, os_abi in ((EXECUTABLE, 0), (SHARED, 0), (EXECUTABLE, 3), (SHARED, 3)):
            program = write(tmp_path / "a program", elf(target, kind=kind, os_abi=os_abi))
            said = output(emulator.wrapper, program, "a b", shell=shell, environ=environ)
            assert said[-4:] == ["<-cpu>", f"<{emulator.cpu}>", f"<{program}>", "<a b>"]
        said = output(emulator.wrapper, "on-path", shell=shell, environ=environ)
        assert said[-1] == f"<{tmp_path / 'bin/on-path'}>"

    @pytest.mark.parametrize("shell", SHELLS)
    def test_wrapper_starts_other_programs_directly(self, shell: str, tmp_path: Path, qemu: Path) -> None:
        emulator = Trees(tmp_path, python="2.41", sysroot="2.36").emulator(qemu)
        script = write(tmp_path / "a script", ECHO, executable=True)
        assert output(emulator.wrapper, script, "a b", "", shell=shell) == ["<a b>", "<>"]
        assert output(emulator.wrapper, "/bin/sh", "-c", "echo $1", "-", "a b", shell=shell) == ["a b"]
        assert output(emulator.wrapper, "env", "-u", "X", "echo", "ok", shell=shell) == ["ok"]
        assert output(emulator.wrapper, "echo", "-", shell=shell) == ["-"]

    @pytest.mark.parametrize("name", [name for name in target_names() if name != "riscv64"])
    def test_wrapper_takes_no_other_machines_program_for_the_targets(
        self, name: str, tmp_path: Path, qemu: Path
    ) -> None:
        emulator = Trees(tmp_path, python="2.41", sysroot="2.36").emulator(qemu)
        program = write(tmp_path / "program", elf(get_target(name)))
        done = subprocess.run([emulator.wrapper, program], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (126, "")  # the shell may not execute it: it was not QEMU's

    def test_wrapper_of_a_program_that_is_not_there(self, tmp_path: Path, qemu: Path) -> None:
        emulator = Trees(tmp_path, python="2.41", sysroot="2.36").emulator(qemu)
        done = subprocess.run([emulator.wrapper, "nonesuch"], capture_output=True, text=True, check=False)
        assert done.returncode == 127


class TestMakeRunner:
    def test_the_emulators(self, tmp_path: Path) -> None:
        emulator = Emulator(qemu=tmp_path, version="9.0", cpu="max", run=tmp_path / "run", wrapper=tmp_path / "wrapper")
        spec = cross_spec(RISCV64, target_python(tmp_path, RISCV64), sysroot=tmp_path, emulator=emulator)
        runner = make_runner(spec, directory=tmp_path, machine="x86_64")
        assert (runner.run, runner.name_option, runner.wrapper) == (emulator.run, "-0", emulator.wrapper)

    def test_another_machine_without_an_emulator(self, tmp_path: Path) -> None:
        spec = cross_spec(RISCV64, target_python(tmp_path, RISCV64), sysroot=tmp_path)
        with pytest.raises(TargetError) as caught:
            make_runner(spec, directory=tmp_path, machine="x86_64")
        assert caught.value.message == "programs of riscv64 cannot run on this machine (x86_64): there is no emulator"
        assert caught.value.hint == "install qemu-user (qemu-riscv64), or let xbuild fetch it"

    def test_this_machine_and_a_python_of_its_own(self, tmp_path: Path) -> None:
        spec = cross_spec(RISCV64, target_python(tmp_path, RISCV64), sysroot=tmp_path)
        runner = make_runner(spec, directory=tmp_path, machine="riscv64")
        assert (runner.run, runner.wrapper) == (None, None)

    def test_this_machine_and_a_tree(self, tmp_path: Path) -> None:
        """The tree's own loader is used: the tree's C library may be newer than the machine's."""
        trees = Trees(tmp_path, python="2.41", sysroot="2.36")
        loader = write(trees.root / RISCV64.loader.lstrip("/"), ECHO, executable=True)
        spec = cross_spec(RISCV64, trees.python, sysroot=trees.sysroot)
        runner = make_runner(spec, directory=tmp_path / "emu", machine="riscv64")
        assert runner.run is not None
        root = runner.run.parent / "root"
        assert output(runner.run, runner.name_option, "/venv/python", "/tree/python") == [
            "<--inhibit-cache>",
            "<--library-path>",
            f"<{root}/usr/lib/riscv64-linux-gnu:{root}/usr/lib>",
            *("<--argv0>", "</venv/python>", "</tree/python>"),
        ]
        assert loader.is_file()


def test_a_model_that_was_asked_for_is_emulated(tmp_path: Path) -> None:
    trees = Trees(tmp_path, python="2.41", sysroot="2.36")
    emulator = trees.emulator(Path("/q/qemu-riscv64"), cpu="sifive-u54")
    assert emulator.cpu == "sifive-u54"
    assert "-cpu sifive-u54" in emulator.run.read_text("utf-8")
