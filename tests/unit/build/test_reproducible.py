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
    assert build_places(cache / "tmp" / "1", cache / "tmp" / "1" / "source" / "x", (cache,), spec, {}) == {
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
    places = compiler_places(cache / "tmp" / "1", cache / "tmp" / "1" / "source" / "x", (cache,), spec, {})
    assert list(places.items()) == [
        (f"{cache}/tmp/1", "/xbuild"),
        (f"{real}/tmp/1", "/xbuild"),
        (f"{cache}/tmp/1/source/x", "/xbuild/source"),
        (f"{real}/tmp/1/source/x", "/xbuild/source"),
        (f"{cache}/trees/python", ""),
        (f"{real}/trees/python", ""),
    ]


@pytest.mark.parametrize("root", [None, Path("/"), Path("/usr")])
def test_the_systems_folders_keep_their_names(tmp_path: Path, root: Path | None) -> None:
    target = get_target("riscv64")
    link = tmp_path / "link"
    link.symlink_to("/")
    spec = cross_spec(target, target_python(Path("/usr"), target, root=root), sysroot=link)
    spec = replace(spec, build_python=Path("/usr/bin/python3"))
    scratch, source, cache = tmp_path / "1", tmp_path / "1" / "s", tmp_path / "cache"
    own = {str(scratch): "/xbuild", str(source): "/xbuild/source"}
    assert compiler_places(scratch, source, (cache,), spec, {}) == own
    assert build_places(scratch, source, (cache,), spec, {}) == {**own, f"{cache}/trees": "/xbuild/trees"}


def _own(sysroot: Path, prefix: Path, root: Path | None) -> CrossSpec:
    target = get_target("riscv64")
    spec = cross_spec(target, target_python(prefix, target, root=root), sysroot=sysroot)
    return replace(spec, build_python=Path("/usr/bin/python3"))


def test_a_sysroot_and_a_target_python_of_the_users_own_have_fixed_names(tmp_path: Path) -> None:
    scratch, source, cache = Path("/cache/tmp/1"), Path("/cache/tmp/1/s"), Path("/cache")
    spec = _own(tmp_path / "sysroot", tmp_path / "python", None)
    own = {f"{tmp_path}/python": "/xbuild/target-python"}
    fixed = {"/cache/tmp/1": "/xbuild", "/cache/tmp/1/s": "/xbuild/source"}
    assert build_places(scratch, source, (cache,), spec, {}) == {
        **fixed,
        **own,
        f"{tmp_path}/sysroot": "/xbuild/sysroot",
        "/cache/trees": "/xbuild/trees",
    }
    places = compiler_places(scratch, source, (cache,), spec, {})
    assert list(places.items()) == [(f"{tmp_path}/sysroot", ""), *own.items(), *fixed.items()]


def test_a_target_python_in_the_users_sysroot_has_the_names_of_the_target(tmp_path: Path) -> None:
    scratch, source, sysroot = Path("/cache/tmp/1"), Path("/cache/tmp/1/s"), tmp_path / "sysroot"
    spec = _own(sysroot, sysroot / "usr", sysroot)
    assert compiler_places(scratch, source, (Path("/cache"),), spec, {}) == {
        str(sysroot): "",
        str(scratch): "/xbuild",
        str(source): "/xbuild/source",
    }
    places = build_places(scratch, source, (Path("/cache"),), spec, {})
    assert places[str(sysroot)] == "/xbuild/sysroot"
    assert f"{sysroot}/usr" not in places


def test_a_cache_below_another_has_the_same_name(tmp_path: Path) -> None:
    own, below = tmp_path / "own", tmp_path / "below"
    spec = replace(_spec(below, root=below / "trees" / "python", emulator=False), build_python=Path("/usr/bin/python3"))
    scratch, source = own / "tmp" / "1", own / "tmp" / "1" / "s"
    assert compiler_places(scratch, source, (own, below), spec, {})[f"{below}/trees/python"] == ""
    places = build_places(scratch, source, (own, below), spec, {})
    assert places[f"{own}/trees"] == places[f"{below}/trees"] == "/xbuild/trees"


def test_the_sources_of_rusts_crates_have_fixed_names(tmp_path: Path) -> None:
    scratch, source = tmp_path / "1", tmp_path / "1" / "s"
    spec, environ = _spec(tmp_path, root=None), {"CARGO_HOME": str(tmp_path / "cargo")}
    assert next(iter(compiler_places(scratch, source, (tmp_path,), spec, environ).items())) == (
        f"{tmp_path}/cargo",
        "/xbuild/cargo",
    )
    places = build_places(scratch, source, (tmp_path,), spec, environ)
    assert places[f"{tmp_path}/cargo/registry/src"] == "/xbuild/cargo/registry/src"
    assert places[f"{tmp_path}/cargo/git/checkouts"] == "/xbuild/cargo/git/checkouts"
    assert f"{tmp_path}/cargo" not in places
