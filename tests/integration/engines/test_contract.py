"""What every engine promises: the same requests, carried out in this process, by Docker and by Podman."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from tests.support.projects import EXAMPLE, write_project

from xbuild.engines.container.engine import ContainerEngine
from xbuild.engines.local import LocalEngine
from xbuild.errors import BuildError, TestError, VerificationError
from xbuild.pipeline import WheelRequest
from xbuild.progress import SilentProgress
from xbuild.resources import data_path
from xbuild.selection import Selection
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.integration.engines.conftest import BuiltImage
    from tests.support.engines import Engine as RunningEngine

    from xbuild.engines import Engine
    from xbuild.pipeline import Result

pytestmark = [pytest.mark.container, pytest.mark.emulator, pytest.mark.network]

RISCV64 = Selection(target=get_target("riscv64"), python="3.13")


class Notes(SilentProgress):
    """Remembers what was printed by the programs of a build."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def output(self, line: str) -> None:
        self.lines.append(line)


@dataclass(frozen=True, kw_only=True)
class Contender:
    """An engine, and where it is tried."""

    engine: Engine
    environ: Mapping[str, str]
    outdir: Path
    progress: Notes = field(default_factory=Notes)

    def build(self, source: str | Path, **options: object) -> Result:
        request = WheelRequest(source=str(source), selections=(RISCV64,), outdir=self.outdir)
        return self.engine.run(replace(request, **options), progress=self.progress, environ=self.environ)  # type: ignore[arg-type]

    def wheels(self) -> dict[str, str]:
        """What is in the output folder, with its digests."""
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in self.outdir.glob("*")}


class Contract:
    """The promises; a class for each engine says how it is had."""

    def test_a_folder_becomes_a_tested_wheel_and_a_report(self, contender: Contender) -> None:
        result = contender.build(EXAMPLE, test=True)

        (wheel,) = result.wheels
        assert wheel.parent == contender.outdir
        assert list(contender.wheels()) == [wheel.name]
        assert wheel.stat().st_uid == os.getuid()
        schema = json.loads(data_path("schemas", "report.schema.json").read_text("utf-8"))
        jsonschema.Draft202012Validator(schema).validate(report := json.loads(json.dumps(result.report)))
        (build,) = report["builds"]
        assert build["target"] == "riscv64"
        assert build["wheels"][0]["sha256"] == contender.wheels()[wheel.name]
        assert build["test"] is not None
        assert {each["component"] for each in build["provenance"]} >= {"target-python", "sysroot", "toolchain"}

    def test_the_wheel_has_the_bytes_it_has_from_any_engine(
        self, contender: Contender, local: Contender, tmp_path: Path
    ) -> None:
        contender.build(EXAMPLE)
        other = replace(local, outdir=tmp_path / "local")
        other.build(EXAMPLE)

        assert contender.wheels() == other.wheels()

    def test_an_sdist(self, contender: Contender, tmp_path: Path) -> None:
        sdist = tmp_path / "hello_c-1.0.tar.gz"
        with tarfile.open(sdist, "w:gz") as archive:
            archive.add(EXAMPLE, arcname="hello_c-1.0")

        result = contender.build(sdist)

        assert result.report["source"]["sha256"] == hashlib.sha256(sdist.read_bytes()).hexdigest()

    def test_a_requirement(self, contender: Contender) -> None:
        result = contender.build("markupsafe==3.0.3", test=True)

        (wheel,) = result.wheels
        assert wheel.name.startswith("markupsafe-3.0.3-cp313-cp313-manylinux_2_")
        assert wheel.name.endswith("_riscv64.whl")

    def test_requirements_that_only_the_backend_knows_and_those_of_the_test(
        self, contender: Contender, tmp_path: Path
    ) -> None:
        source = write_project(
            tmp_path / "demo",
            "import flit_core\nreturn pure_wheel(directory)",
            requires=["flit_core>=3.9"],
            dependencies=["six"],
        )

        result = contender.build(source, test=True)

        (build,) = result.report["builds"]
        assert [each["name"] for each in build["build_requirements"]] == ["flit-core"]

    def test_settings_and_flags_reach_the_backend(self, contender: Contender, tmp_path: Path) -> None:
        source = write_project(
            tmp_path / "demo",
            "import os\nprint('settings', config_settings)\nprint('flags', os.environ['CFLAGS'])\n"
            "return pure_wheel(directory)",
        )
        flagged = replace(contender, environ={**contender.environ, "CFLAGS": "-DFROM_THE_CALLER"})

        flagged.build(source, config_settings={"key": "value", "list": ["1", "2"]})

        assert "settings {'key': 'value', 'list': ['1', '2']}" in contender.progress.lines
        assert any(line.startswith("flags ") and "-DFROM_THE_CALLER" in line for line in contender.progress.lines)

    def test_a_failed_build_says_why_and_has_a_log(self, contender: Contender, tmp_path: Path) -> None:
        source = write_project(tmp_path / "demo", "print('the last words')\nraise ValueError('no such thing')")

        with pytest.raises(BuildError, match="demo: the build for riscv64 failed") as caught:
            contender.build(source)

        assert "no such thing" in f"{caught.value.message}{caught.value.details}"
        log = Path(str(caught.value.hint).rpartition(" in ")[2])
        assert log.is_relative_to(contender.environ["XBUILD_CACHE_DIR"])
        assert "the last words" in log.read_text("utf-8")
        assert contender.wheels() == {}

    def test_a_wheel_of_another_machine_is_not_delivered(self, contender: Contender, tmp_path: Path) -> None:
        source = write_project(
            tmp_path / "demo",
            "import os\npure_wheel(directory)\nname = 'demo-1-cp313-cp313-linux_x86_64.whl'\n"
            "os.rename(f'{directory}/demo-1-py3-none-any.whl', f'{directory}/{name}')\nreturn name",
        )

        with pytest.raises(VerificationError):
            contender.build(source)

        assert contender.wheels() == {}

    def test_a_failed_test_leaves_no_wheel(self, contender: Contender) -> None:
        with pytest.raises(TestError, match="failed its test") as caught:
            contender.build(EXAMPLE, test=True, test_command="python -c 'raise SystemExit(3)'")

        assert "3" in caught.value.message
        assert contender.wheels() == {}

    def test_what_is_no_source(self, contender: Contender, tmp_path: Path) -> None:
        with pytest.raises(BuildError, match="no such folder or sdist"):
            contender.build(tmp_path / "nothing")
        with pytest.raises(BuildError, match="not a Python project"):
            contender.build(tmp_path)

    def test_a_requirement_that_nobody_has(self, contender: Contender, tmp_path: Path) -> None:
        source = write_project(
            tmp_path / "demo", "return pure_wheel(directory)", requires=["xbuild-tests-no-such-project"]
        )

        with pytest.raises(BuildError, match="xbuild-tests-no-such-project"):
            contender.build(source)


@pytest.fixture(scope="session")
def local_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    given = os.environ.get("XBUILD_CACHE_DIR")
    return Path(given) if given else tmp_path_factory.mktemp("local-cache")


@pytest.fixture
def local(local_cache: Path, tmp_path: Path) -> Contender:
    environ = {**os.environ, "XBUILD_CACHE_DIR": str(local_cache)}
    return Contender(engine=LocalEngine(), environ=environ, outdir=tmp_path / "dist")


class TestLocal(Contract):
    """In this process."""

    @pytest.fixture
    def contender(self, local: Contender) -> Contender:
        return local


class TestContainer(Contract):
    """In containers, of each engine of the machine."""

    @pytest.fixture
    def contender(self, engine: RunningEngine, image: BuiltImage, tmp_path: Path) -> Contender:
        assert image.request.selections == (RISCV64,)  # else each test would build an image
        return Contender(engine=ContainerEngine(), environ=engine.environ, outdir=tmp_path / "dist")

    @pytest.fixture(autouse=True)
    def _nothing_is_left(self, engine: RunningEngine) -> None:
        """Every test begins without what the ones before it made."""
        assert engine.client.api.containers(all=True) == []
        assert not engine.client.api.volumes()["Volumes"]
