"""Wheels that build, as a user would have them built."""

from __future__ import annotations

import json
import os
import re
import shlex
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from tests.support.command import one_message, succeeded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.command import Command

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SCHEMA = json.loads((ROOT / "schemas" / "report.schema.json").read_text("utf-8"))


class TestPlan:
    """What --dry-run shows takes no network and leaves no file."""

    def test_for_an_empty_cache(self, xbuild: Command) -> None:
        environ = {"XBUILD_ARCHIVE": "http://127.0.0.1:9/debian"}
        arguments = ("--target", "riscv64", "--target", "arm64", "--python", "3.99", "--dry-run", "--no-test")
        finished = xbuild("wheel", EXAMPLES / "hello-c", *arguments, env=environ)
        assert finished.returncode == 0, finished
        lines = finished.stdout.splitlines()
        assert lines[0] == "1. riscv64, CPython 3.99: fetch CPython 3.99 for riscv64 from http://127.0.0.1:9/debian"
        assert f"build a wheel from {EXAMPLES}/hello-c" in finished.stdout
        assert lines[-1].endswith(". put the wheels into dist")
        assert "test it under the emulator" not in finished.stdout
        assert finished.stderr == ""
        assert not xbuild.cache.exists()
        assert xbuild.left_behind() == []

    def test_as_json(self, xbuild: Command) -> None:
        """The test command of the example's pyproject.toml makes a step of its own."""
        finished = xbuild("wheel", EXAMPLES / "hello-c", "--target", "riscv64", "--dry-run", "--json")
        titles = [step["title"] for step in json.loads(finished.stdout)]
        assert "riscv64: test it under the emulator: python -m hello_c" in titles


@pytest.mark.network
@pytest.mark.emulator
class TestWheels:
    @pytest.mark.parametrize(
        ("example", "target", "platform"),
        [
            ("hello-c", "aarch64", r"manylinux2014_aarch64\.manylinux_2_17_aarch64"),
            ("hello-meson", "riscv64", r"manylinux_2_31_riscv64"),
            ("hello-cmake", "aarch64", r"manylinux_2_\d+_aarch64"),
        ],
    )
    def test_the_examples(self, builder: Command, *, example: str, target: str, platform: str) -> None:
        finished = builder("wheel", EXAMPLES / example, "--target", target, "--test")
        (wheel,) = succeeded(finished)
        assert re.fullmatch(rf"{example.replace('-', '_')}-1\.0-cp313-cp313-{platform}\.whl", wheel.name)
        assert f"✓ Testing {wheel.name} for {target} (" in finished.stderr
        assert list(builder.outdir.iterdir()) == [builder.folder / wheel]
        assert builder("verify", wheel).returncode == 0

    def test_a_requirement_with_a_report(self, builder: Command) -> None:
        arguments = ("--target", "riscv64", "--test", "--report", "report.json", "--json", "-q")
        finished = builder("wheel", "markupsafe==3.0.4", *arguments)
        assert (finished.returncode, finished.stderr) == (0, ""), finished
        report = json.loads((builder.folder / "report.json").read_text("utf-8"))
        jsonschema.Draft202012Validator(SCHEMA).validate(report)
        assert json.loads(finished.stdout) == report
        (build,) = report["builds"]
        (wheel,) = builder.outdir.iterdir()
        assert [each["file"] for each in build["wheels"]] == [wheel.name]
        assert "cp313-cp313-manylinux_2_31_riscv64" in wheel.name
        assert {"target-python", "sysroot", "toolchain"} <= {each["component"] for each in build["provenance"]}

    def test_two_targets_at_once(self, builder: Command) -> None:
        finished = builder("wheel", EXAMPLES / "hello-c", "--target", "riscv64", "--target", "arm64", "--no-test")
        names = [wheel.name for wheel in succeeded(finished)]
        assert [name.rpartition("_")[2] for name in names] == ["riscv64.whl", "aarch64.whl"]
        assert sorted(path.name for path in builder.outdir.iterdir()) == sorted(names)

    def test_an_sdist(self, builder: Command) -> None:
        sdist = builder.folder / "hello-c-1.0.tar.gz"
        with tarfile.open(sdist, "w:gz") as archive:
            archive.add(EXAMPLES / "hello-c", "hello-c-1.0")
        arguments = ("--target", "riscv64", "--platform-tag", "linux")
        (wheel,) = succeeded(builder("wheel", sdist, *arguments))
        assert wheel.name == "hello_c-1.0-cp313-cp313-linux_riscv64.whl"

    def test_offline_with_a_warm_cache(self, builder: Command) -> None:
        arguments = ("wheel", EXAMPLES / "hello-c", "--target", "riscv64", "--test")
        succeeded(builder(*arguments))
        nowhere = {f"{scheme}_proxy": "http://127.0.0.1:9" for scheme in ("http", "https", "all")}
        (wheel,) = succeeded(builder(*arguments, "--offline", "--outdir", "again", env=nowhere))
        assert (builder.outdir / wheel.name).is_file()
        assert (builder.folder / wheel).is_file()

    def test_a_wheel_by_itself(self, builder: Command) -> None:
        (wheel,) = succeeded(builder("wheel", EXAMPLES / "hello-c", "--target", "aarch64", "--no-test"))
        tested = builder("test", wheel, "--target", "aarch64", "--command", "python -m hello_c")
        assert tested.returncode == 0, tested
        assert one_message(builder("test", wheel, "--target", "riscv64"), 2)


def newest(trees: Iterable[Path]) -> Path:
    """Of those in a cache that is kept, one is of today's packages."""
    return max(trees, key=lambda tree: tree.stat().st_mtime)


@pytest.mark.network
class TestOwnParts:
    """A user's own target Python, sysroot and compilers: those of the cache, under other names."""

    @pytest.fixture
    def own(self, builder: Command) -> dict[str, Path]:
        shown = builder("crossfile", "env", "--target", "riscv64").stdout
        variables = dict(
            line.removeprefix("export ").split("=", 1) for line in shown.splitlines() if line.startswith("export ")
        )
        trees = builder.cache / "trees"
        return {
            "tools": Path(shlex.split(variables["CC"])[0]).parent,
            "sysroot": newest(trees.glob("sysroot-riscv64-*")),
            "details": newest(trees.glob("python3.13-riscv64-*")) / "usr/lib/python3.13/build-details.json",
        }

    def build(self, builder: Command, *arguments: str | Path, env: dict[str, str] | None = None) -> str:
        finished = builder("wheel", EXAMPLES / "hello-c", "--target", "riscv64", "--no-test", *arguments, env=env)
        (wheel,) = succeeded(finished)
        return wheel.name.removeprefix("hello_c-1.0-cp313-cp313-").removesuffix(".whl")

    def test_build_details_and_a_sysroot(self, builder: Command, own: dict[str, Path]) -> None:
        mine = ("--build-details", own["details"], "--sysroot", own["sysroot"])
        assert self.build(builder, *mine) == "manylinux_2_31_riscv64"

    def test_a_toolchain_file(self, builder: Command, own: dict[str, Path]) -> None:
        file = builder.folder / "own.toml"
        compiler = own["tools"] / "riscv64-linux-gnu-gcc"
        file.write_text(f'[toolchain]\nfamily = "gcc"\n[tools]\ncc = "{compiler}"\n')
        assert self.build(builder, "--toolchain", file) == "manylinux_2_31_riscv64"

    def test_the_compilers_on_path(self, builder: Command, own: dict[str, Path]) -> None:
        path = {"PATH": f"{own['tools']}:{os.environ['PATH']}"}
        tag = self.build(builder, "--toolchain", "system", "--sysroot", own["sysroot"], env=path)
        assert tag == "manylinux_2_31_riscv64"
