"""What a build is told so that its wheel is the same everywhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.target_trees import cross_spec, target_python

from xbuild.build.reproducible import build_places, compiler_places, fixed_environ, source_date
from xbuild.build.source import SourceTree
from xbuild.crossfiles.spec import CrossSpec, Emulator
from xbuild.errors import UsageError
from xbuild.targets import get_target


def _source(date: int | None) -> SourceTree:
    return SourceTree(path=Path("/source"), label="x", kind="directory", sha256=None, date=date)


@pytest.mark.parametrize(
    ("given", "newest", "expected"),
    [
        ("1700000000", 1600000000, 1700000000),
        ("0", None, 0),
        ("", 1600000000, 1600000000),
        (None, 1600000000, 1600000000),
        (None, 0, 315532800),
        (None, None, 1580601600),
    ],
)
def test_the_date_is_the_users_else_the_sources_and_never_the_clocks(
    given: str | None, newest: int | None, expected: int
) -> None:
    environ = {} if given is None else {"SOURCE_DATE_EPOCH": given}
    assert source_date(_source(newest), environ) == expected


@pytest.mark.parametrize("given", ["yesterday", "-1", "1.5", "٣"])
def test_a_date_that_is_no_number_is_refused(given: str) -> None:
    with pytest.raises(UsageError) as caught:
        source_date(_source(None), {"SOURCE_DATE_EPOCH": given})
    assert caught.value.message == (f"SOURCE_DATE_EPOCH: expected seconds since 1970, a whole number, found {given!r}")
    assert caught.value.hint == "for example: SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)"


def test_every_build_has_the_same_time_zone_language_and_hashes() -> None:
    assert fixed_environ(7) == {
        "SOURCE_DATE_EPOCH": "7",
        "PYTHONHASHSEED": "0",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "LANGUAGE": "",
    }


def _spec(cache: Path, *, root: Path | None, emulator: bool = True) -> CrossSpec:
    target = get_target("riscv64")
    run = cache / "emulators" / "1" / "run"
    return cross_spec(
        target,
        target_python(cache / "trees" / "python" / "usr", target, root=root),
        sysroot=cache / "trees" / "sysroot",
        emulator=Emulator(qemu=run, version="8.2", cpu="max", run=run, wrapper=run) if emulator else None,
    )


def test_places_are_known_by_their_real_names_too(tmp_path: Path) -> None:
    real, cache = tmp_path / "real", tmp_path / "cache"
    real.mkdir()
    cache.symlink_to(real)
    spec = _spec(cache, root=cache / "trees" / "python")
    assert build_places(cache / "tmp" / "1", cache / "tmp" / "1" / "source" / "x", (cache,), spec) == {
        f"{cache}/tmp/1/source/x": "/xbuild/source",
        f"{real}/tmp/1/source/x": "/xbuild/source",
        f"{cache}/tmp/1": "/xbuild",
        f"{real}/tmp/1": "/xbuild",
        f"{cache}/trees": "/xbuild/trees",
        f"{real}/trees": "/xbuild/trees",
        f"{cache}/emulators/1": "/xbuild/emulator",
        f"{real}/emulators/1": "/xbuild/emulator",
        f"{real}/trees/sysroot": "/xbuild/python",
    }
    # A compiler takes the last one that fits.
    places = compiler_places(cache / "tmp" / "1", cache / "tmp" / "1" / "source" / "x", (cache,), spec)
    assert list(places.items()) == [
        (f"{cache}/tmp/1", "/xbuild"),
        (f"{real}/tmp/1", "/xbuild"),
        (f"{cache}/tmp/1/source/x", "/xbuild/source"),
        (f"{real}/tmp/1/source/x", "/xbuild/source"),
        (f"{cache}/trees/python", ""),
        (f"{real}/trees/python", ""),
    ]


@pytest.mark.parametrize("root", [None, Path("/"), Path("/usr")])
def test_a_python_that_is_not_in_the_cache_keeps_its_place(tmp_path: Path, root: Path | None) -> None:
    spec = _spec(tmp_path, root=root, emulator=False)
    scratch, source = tmp_path / "1", tmp_path / "1" / "s"
    own = {str(scratch): "/xbuild", str(source): "/xbuild/source"}
    assert compiler_places(scratch, source, (tmp_path,), spec) == own
    spec = replace(spec, build_python=Path("/usr/bin/python3"))
    assert build_places(scratch, source, (tmp_path,), spec) == {**own, f"{tmp_path}/trees": "/xbuild/trees"}


def test_a_cache_below_another_has_the_same_name(tmp_path: Path) -> None:
    own, below = tmp_path / "own", tmp_path / "below"
    spec = replace(_spec(below, root=below / "trees" / "python", emulator=False), build_python=Path("/usr/bin/python3"))
    scratch, source = own / "tmp" / "1", own / "tmp" / "1" / "s"
    assert compiler_places(scratch, source, (own, below), spec)[f"{below}/trees/python"] == ""
    places = build_places(scratch, source, (own, below), spec)
    assert places[f"{own}/trees"] == places[f"{below}/trees"] == "/xbuild/trees"
