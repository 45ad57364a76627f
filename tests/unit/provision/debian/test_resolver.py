from __future__ import annotations

import pytest

from xbuild.errors import ProvisionError
from xbuild.provision.debian.index import PackageIndex, parse_index
from xbuild.provision.debian.resolver import Relation, parse_relations, resolve


def index(*packages: str, architecture: str = "amd64", origin: str = "trixie (amd64)") -> PackageIndex:
    """Each package is ``name version`` and then fields, one a line."""
    stanzas = []
    for package in packages:
        first, *fields = package.split("\n")
        name, version = first.split()
        fixed = [f"Package: {name}", f"Version: {version}", f"Architecture: {architecture}"]
        stanzas.append("\n".join([*fixed, f"Filename: {name}.deb", "Size: 1", "SHA256: 00", *fields]))
    return parse_index("\n\n".join(stanzas), architecture=architecture, origin=origin)


def names(indexes: PackageIndex | list[PackageIndex], *roots: str, exclude: tuple[str, ...] = ()) -> list[str]:
    return [package.name for package in resolve(indexes, roots, exclude=exclude)]


def test_the_closure_over_both_kinds_of_dependency() -> None:
    packages = index("z 1\nDepends: a, b", "a 1\nPre-Depends: c", "b 1\nRecommends: d", "c 1\nDepends: z", "d 1")
    assert names(packages, "z") == ["a", "b", "c", "z"]


def test_the_order_of_the_roots_does_not_matter() -> None:
    packages = index("a 1", "b 1")
    assert names(packages, "b", "a", "b") == names(packages, "a", "b") == ["a", "b"]


@pytest.mark.parametrize(
    ("operator", "version", "fits"),
    [
        (">=", "1.0-1", True),
        (">=", "1.0-2", False),
        (">=", "1.0~rc1", True),
        (">>", "1.0-1", False),
        ("<<", "1.0-1+b1", True),
        ("<<", "1:0", True),
        ("<=", "1.0-1", True),
        ("=", "1.0-1", True),
        ("=", "1.0", False),
        ("<", "1.0-1", True),
        (">", "1.0-1", True),
    ],
)
def test_versions_are_compared_by_debians_rules(operator: str, version: str, *, fits: bool) -> None:
    packages = index(f"a 1\nDepends: b ({operator} {version})", "b 1.0-1")
    if fits:
        assert names(packages, "a") == ["a", "b"]
    else:
        with pytest.raises(ProvisionError, match=r"trixie .amd64. has b 1.0-1$"):
            names(packages, "a")


def test_an_unknown_operator() -> None:
    with pytest.raises(ProvisionError, match="unknown operator in a dependency: >< 2"):
        names(index("a 1\nDepends: b (>< 2)", "b 1"), "a")


class TestAlternatives:
    def test_the_first_that_can_be_had(self) -> None:
        packages = index("a 1\nDepends: x | b (>= 2) | c | d", "b 1", "c 1", "d 1")
        assert names(packages, "a") == ["a", "c"]

    def test_one_that_is_chosen_already(self) -> None:
        packages = index("a 1\nDepends: b | c", "b 1", "c 1")
        assert names(packages, "c", "a") == ["a", "c"]

    def test_a_root_may_have_them_and_a_version(self) -> None:
        packages = index("b 1", "b 2")
        assert [package.version for package in resolve(packages, ["a | b (= 1)"])] == ["1"]


class TestProvides:
    def test_a_virtual_package(self) -> None:
        assert names(index("a 1\nDepends: v", "q 1\nProvides: v", "p 1\nProvides: v"), "a") == ["a", "p"]

    def test_a_chosen_provider(self) -> None:
        assert names(index("a 1\nDepends: v", "q 1\nProvides: v", "p 1\nProvides: v"), "q", "a") == ["a", "q"]

    def test_a_real_package_comes_first(self) -> None:
        assert names(index("a 1\nDepends: v", "p 1\nProvides: v", "v 1"), "a") == ["a", "v"]

    def test_a_version_needs_a_version(self) -> None:
        packages = index(
            "a 1\nDepends: v (>= 2)", "p 1\nProvides: v", "q 1\nProvides: w, v (= 3)", "r 1\nProvides: v (= 1)"
        )
        assert names(packages, "a") == ["a", "q"]

    def test_a_name_within_another_is_not_it(self) -> None:
        with pytest.raises(ProvisionError):
            names(index("a 1\nDepends: v", "p 1\nProvides: v2"), "p", "a")


class TestQualifiers:
    @pytest.mark.parametrize("qualifier", ["any", "native", "amd64"])
    def test_that_mean_this_architecture(self, qualifier: str) -> None:
        assert names(index(f"a 1\nDepends: b:{qualifier}", "b 1"), "a") == ["a", "b"]

    def test_another_architecture_is_not_in_this_index(self) -> None:
        with pytest.raises(ProvisionError, match="no package for b:arm64"):
            names(index("a 1\nDepends: b:arm64", "b 1"), "a")


class TestExclude:
    def test_the_excluded_and_what_only_it_needs_are_left_out(self) -> None:
        packages = index("a 1\nDepends: b, c", "b 1\nDepends: d", "c 1", "d 1")
        assert names(packages, "a", exclude=("b",)) == ["a", "c"]

    def test_it_need_not_exist(self) -> None:
        assert names(index("a 1\nDepends: gone (>= 3) | b", "b 1"), "a", exclude=("gone",)) == ["a"]


class TestSeveralIndexes:
    def test_the_first_that_fits_wins(self) -> None:
        first = index("b 1", origin="bookworm (amd64)")
        second = index("a 1\nDepends: b (>= 1), c", "b 2", "c 1", origin="trixie (amd64)")
        assert [(package.name, package.version) for package in resolve([first, second], ["a"])] == [
            ("a", "1"),
            ("b", "1"),
            ("c", "1"),
        ]

    def test_a_qualifier_picks_one(self) -> None:
        foreign = index("b 1", architecture="arm64")
        (package, _) = resolve([index("c 1\nDepends: b:arm64"), foreign], ["c"])
        assert package.architecture == "arm64"


class TestMissing:
    def test_the_chain_is_named(self) -> None:
        packages = index("a 1\nDepends: b", "b 1\nDepends: c", "c 1\nDepends: x (>= 2) | y", "x 1")
        with pytest.raises(ProvisionError) as caught:
            names(packages, "a")
        assert caught.value.message == ("no package for x (>= 2) | y (needed by: c <- b <- a): trixie (amd64) has x 1")
        assert caught.value.hint == "choose another suite, or another mirror (XBUILD_ARCHIVE)"

    def test_a_root(self) -> None:
        with pytest.raises(ProvisionError) as caught:
            names(index("a 1"), "b")
        assert caught.value.message == "no package for b: trixie (amd64) has none of that name"

    def test_another_version_than_the_one_chosen(self) -> None:
        packages = index("a 1\nDepends: b (= 1), c", "b 1", "b 2", "c 1\nDepends: b (= 2)")
        with pytest.raises(ProvisionError, match=r"no package for b \(= 2\) \(needed by: c <- a\)"):
            names(packages, "a")


def test_relations() -> None:
    assert parse_relations("a, b:any (>= 1:2~x) | c") == (
        (Relation(name="a"),),
        (Relation(name="b", qualifier="any", operator=">=", version="1:2~x"), Relation(name="c")),
    )
    assert parse_relations("  ") == ()
    assert str(parse_relations("b:any (>= 1)")[0][0]) == "b:any (>= 1)"
