from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from xbuild.errors import UsageError
from xbuild.targets import get_target
from xbuild.testing.requirements import (
    Requirements,
    explain_failure,
    install_command,
    location,
    parse_installed,
    parse_missing,
    required_by,
)

RISCV64 = get_target("riscv64")

# What uv 0.8 to 0.13 print, shortened.
DIRECT = """\
Using Python 3.13.5 environment at: /tmp/env
error: No solution found when resolving dependencies
  cause: Because pandas>=2.0.0 has no usable wheels and demo==1.0 depends on pandas>=2, we can conclude that demo==1.0 \
cannot be used.
         And because only demo==1.0 is available and you require demo, we can conclude that your requirements are \
unsatisfiable.

hint: Wheels are required for `pandas` because building from source is disabled for all packages
"""
NESTED = """\
error: No solution found when resolving dependencies
  cause: Because cc==0.1 has no usable wheels and only the following versions of cc are available:
             cc==0.1
             cc>=1.0
         we can conclude that cc<1.0 cannot be used. (1)

         Because docopt==0.6.2 has no usable wheels and cc>=1.0 depends on docopt==0.6.2, we can conclude that cc>=1.0 \
cannot be used.
         And because dd==1.0 depends on cc, we can conclude that dd==1.0 cannot be used.

hint: Wheels are required for `cc` because building from source is disabled for all packages

hint: Wheels are required for `docopt` because building from source is disabled for all packages
"""
TAGS = """\
error: No solution found when resolving dependencies:
  ╰─▶ Because numpy==1.10.3 has no wheels with a matching Python ABI tag (e.g., `cp313`) and demo==1.0 depends on
      numpy[fast]>=1.10,<2, we can conclude that your requirements are unsatisfiable.
"""
OWN = """\
error: No solution found when resolving dependencies
  cause: Because only some-demo==1.0 is available and some-demo==1.0 has no wheels with a matching Python version tag \
(e.g., `cp313`), we can conclude that all versions of some-demo cannot be used.
"""


@pytest.mark.parametrize(
    ("output", "missing"),
    [
        (DIRECT, ("pandas>=2",)),
        (NESTED, ("cc", "docopt==0.6.2")),
        (TAGS, ("numpy[fast]>=1.10,<2",)),
        (OWN, ("some-demo",)),
        ("error: Failed to fetch: `https://index.example/simple/x/`", ()),
        ("", ()),
    ],
)
def test_parse_missing(output: str, missing: tuple[str, ...]) -> None:
    assert parse_missing(output) == missing


def test_what_is_missing_is_named() -> None:
    error = explain_failure(DIRECT, wheels=[Path("demo-1.0-py3-none-any.whl")], target=RISCV64)
    assert error.message == (
        "demo-1.0-py3-none-any.whl cannot be tested: no wheel for riscv64 satisfies what it requires: pandas>=2"
    )
    assert error.hint == (
        "build what is missing with 'xbuild wheel NAME==VERSION --target riscv64 --outdir DIR', then repeat the test "
        "with '--find-links DIR'; nothing is built for a test, not even a pure-Python sdist"
    )
    assert error.details == DIRECT.partition("\n")[2].rstrip("\n")


@pytest.mark.parametrize("output", [OWN, "error: Failed to fetch: `https://index.example/simple/x/`"])
def test_any_other_failure_is_told_as_it_is(output: str) -> None:
    wheel = Path("some_demo-1.0-cp312-cp312-linux_riscv64.whl")
    error = explain_failure(output, wheels=[wheel], target=RISCV64)
    assert error.message == "some_demo-1.0-cp312-cp312-linux_riscv64.whl cannot be installed for riscv64"
    assert error.hint is None
    assert error.details == output.rstrip("\n")


def test_parse_installed() -> None:
    output = "Installed 2 packages in 2ms\n + idna==3.20\n + good==1.0 (from file:///tmp/good-1.0.whl)\n - old==2\n"
    assert parse_installed(output) == ("idna==3.20", "good==1.0")


def test_install_command(tmp_path: Path) -> None:
    requirements = Requirements(
        wheels=(tmp_path / "a.whl",), find_links=(str(tmp_path), "https://wheels.example/"), offline=True
    )
    assert install_command(Path("/bin/uv"), Path("/env/bin/python"), requirements) == [
        *("/bin/uv", "pip", "install", "--color=never", "--no-progress", "--no-python-downloads"),
        *("--python=/env/bin/python", "--only-binary=:all:"),
        *(f"--find-links={tmp_path}", "--find-links=https://wheels.example/", "--offline"),
        *("--", str(tmp_path / "a.whl")),
    ]


def test_location(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dist").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert location("dist") == location("~/dist") == str(tmp_path / "dist")
    assert location("https://wheels.example/x") == "https://wheels.example/x"
    with pytest.raises(UsageError) as caught:
        location("nonesuch")
    assert caught.value.message == "--find-links: 'nonesuch' is neither a folder nor a URL"


def test_what_a_wheel_requires(tmp_path: Path) -> None:
    wheel = tmp_path / "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(
            "demo-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: demo\nRequires-Dist: numpy>=2\nRequires-Dist: x; extra == 'y'\n\nText",
        )

    assert required_by(wheel) == ("numpy>=2", "x; extra == 'y'")
