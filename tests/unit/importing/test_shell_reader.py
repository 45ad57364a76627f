"""What a shell script does to variables, without a shell. Each value here is what a shell has (see the second test)."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.support.target_trees import write

from xbuild.errors import ToolchainError
from xbuild.importing.facts import Unknown
from xbuild.importing.shell_reader import ShellReader

if TYPE_CHECKING:
    from pathlib import Path

VALUES = {
    # words
    "A=x": "x",
    "export A=x": "x",
    'export A="x y"': "x y",
    "export A='x $FROM \"y\"'": 'x $FROM "y"',
    'export "A=x y"': "x y",
    'export A="\\$x \\"y\\" \\\\ \\n"': '$x "y" \\ \\n',
    "export A=x\\ y": "x y",
    "export A=x\\\ny": "xy",
    'export A="x\\\ny"': "xy",
    "export A=x'y'\"z\"": "xyz",
    'export A="$FROM/${FROM}"': "environment/environment",
    "export A=$NOTSET": "",
    "export A=$": "$",
    "A=x B=y": "x",
    "A=x true\nA=${A:-unset}": "unset",
    "A=x; export A": "x",
    "export A=x # comment\n# A=y": "x",
    "export B=1 A=x C": "x",
    "B=x\nexport A=$B$B": "xx",
    "export A=x\nunset A\nA=${A-none}": "none",
    "readonly A=x": "x",
    # parameters
    "A=${NOTSET:-x}": "x",
    "A=${NOTSET-x}": "x",
    "B=\nA=${B:-x}": "x",
    "B=\nA=${B-x}": "",
    "A=${FROM:-x}": "environment",
    "A=${FROM:+x}": "x",
    "A=${NOTSET:+x}": "",
    "A=${NOTSET:-${FROM}y}": "environmenty",
    'A=${NOTSET:-"x y"}': "x y",
    "B=/a/b/c\nA=${B%/*}": "/a/b",
    "B=/a/b/c\nA=${B%%/b*}": "/a",
    "B=/a/b/c\nA=${B##*/}": "c",
    "B=/a/b/c\nA=${B#*/}": "a/b/c",
    "B=/a/b/c\nA=${B%/c}": "/a/b",
    "B=/a/b/c\nA=${B#/a}": "/b/c",
    # programs that are followed
    "A=$(dirname /a/b)": "/a",
    "A=`dirname /a`": "/",
    "A=$(dirname a)": ".",
    "A=$(basename /a/b/)": "b",
    "A=$(realpath /tmp/../usr)": "/usr",
    "A=$(cd / && pwd)": "/",
    "A=$(cd / >/dev/null 2>&1 && pwd -P)": "/",
    "A=$(echo x y)": "x y",
    'A=$(dirname $(realpath "/tmp/../usr/nothing"))': "/usr",
    # what is chosen
    "if [ -d / ]; then A=x; else A=y; fi": "x",
    'if [ ! -d / ]; then\n  A=x\nelif test -n "$FROM"\nthen A=y\nfi': "y",
    'if [ -z "${NOTSET:-}" ]; then A=x; fi': "x",
    'if [ "$FROM" = environment ]; then A=x; fi': "x",
    'if [ "$FROM" != environment ]; then A=x; else A=y; fi': "y",
    "[ -d /nowhere ] && A=x\nA=${A:-none}": "none",
    "[ -d / ] && A=x": "x",
    "[ -d /nowhere ] || A=x": "x",
    "false || true && A=x": "x",
    "[ -e / ]; A=x": "x",
    "[ -L /nowhere ] || A=x": "x",
    "[ -f /etc/passwd ] && [ -e /etc/passwd ] && A=x": "x",
    "[ ] || A=x": "x",
    "[ ! x = y ] && A=x": "x",
    "if false; then A=x; fi\nA=${A:-none}": "none",
    "for f in a b; do A=$A$f; done": "ab",
    "L='a b'\nfor f in $L c\ndo\n  A=$A-$f\ndone": "-a-b-c",
    "for f in /nowhere/*.sh; do [ -f $f ] && A=x; done; A=${A:-none}": "none",
    "{ A=x; }": "x",
    "f() { A=no; }\nA=x": "x",
    "cat <<'EOF'\nA=no '\nEOF\nA=x": "x",
    "cat <<-EOF >/dev/null\n\tA=no\n\tEOF\nA=x": "x",
    "echo hello >/dev/null 2>&1\nA=x": "x",
    "(A=no)\nA=${A:-none}": "none",
    "A=x | cat\nA=${A:-none}": "none",
    "A=x\nreturn 0\nA=y": "x",
    "if ! [ -d /nowhere ]; then A=x; else A=y; fi": "x",
    "! false && A=x": "x",
    "! true || A=x": "x",
    "alias a=b\nunalias a\nset -e; set +e\nA=x": "x",
}
BASH = {"A=x; A+=y": "xy", "[[ -d / ]] && A=x": "x", "source /dev/null; A=x": "x", "declare -x A=x": "x"}
BASH |= {
    "B=foobar; if [[ $B == foo* ]]; then A=x; else A=y; fi": "x",
    'B=foobar; if [[ $B == "foo*" ]]; then A=x; else A=y; fi': "y",
    "B=foobar; if [[ $B != *ba? ]]; then A=x; else A=y; fi": "y",
    "P='f*r'; B=foobar; if [[ $B = $P ]]; then A=x; else A=y; fi": "x",
    "B=foobar; if [[ ! $B == foo* ]]; then A=x; else A=y; fi": "y",
    "[[ ! -d /nowhere ]] && A=x": "x",
    "arr=(a 'b c'\n[3]=d)\nA=x": "x",
    "declare -a arr=(a b) more\narr+=(c)\nA=x": "x",
    "A=$'a\\tb\\'c\\x41\\101\\u00e9\\q'$'-'": "a\tb'cAAé\\q-",
    'A=$"x y"': "x y",
}
"""What bash has beyond POSIX."""

UNKNOWN = {
    "A=$(uname -m)": "$(uname -m) on {}:1 is not run",
    "B=$(uname -m)\nA=x-$B": "$(uname -m) on {}:1 is not run",
    "A=${NOTSET:?message}": "NOTSET is not set",
    "A=$(dirname $(uname))": "$(dirname $(uname)) on {}:1 is not run",
    "A=$(cd /; pwd)": "$(cd /; pwd) on {}:1 is not run",
    "A=$(x && pwd)": "$(x && pwd) on {}:1 is not run",
    "A=$()": "$() on {}:1 is not run",
    "A=x\nif [ x -nt y ]; then A=y; fi": "it is set on {}:2 under a condition: 'if' cannot be decided",
    "if [ $(uname) = x ]; then\nA=x\nelif y; then\n{ A=z; }\nfi": "it is set on {}:1 under a condition: 'if' cannot "
    "be decided",
    "if x; then for f in a; do A=x; done; else case y in y) A=z;; esac; fi": "it is set on {}:1 under a condition: "
    "'if' cannot be decided",
    "A=${B[@]@Q}": "${B[@]@Q} on {}:1 is not followed",
    "B=x.y\nA=${B%.[a-z]}": "the pattern '.[a-z]' on {}:2 is not followed",
    "if grep -q x /y; then\n  export A=x\nfi": "it is set on {}:1 under a condition: 'if' cannot be decided",
    "grep -q x /y && A=x": "it is set on {}:1 under a condition: what comes before it cannot be decided",
    "if [[ x == [xy] ]]; then A=x; fi": "it is set on {}:1 under a condition: 'if' cannot be decided",
    "if [[ ! x == [xy] ]]; then A=x; fi": "it is set on {}:1 under a condition: 'if' cannot be decided",
    "if ! x; then A=x; fi": "it is set on {}:1 under a condition: 'if' cannot be decided",
    "x && ! A=x": "it is set on {}:1 under a condition: what comes before it cannot be decided",
    "B=(a b)\nA=${B[0]}": "an array on {}:1 is not followed",
    "case x in\nx) A=x;;\nesac": "case on {}:1 is not followed",
    "while true; do A=x; done": "while on {}:1 is not followed",
    "for f in $(ls); do A=x; done": "it is set on {}:1 under a condition: $(ls) on {}:1 is not run",
}


def follow(text: str, folder: Path) -> ShellReader:
    path = write(folder / "setup", text)
    environ = {"FROM": "environment", "LD_LIBRARY_PATH": "/x"}
    reader = ShellReader(environ=environ, read=lambda each: each.read_text("utf-8"))
    reader.run(path)
    return reader


@pytest.mark.parametrize("text", [*VALUES, *BASH])
def test_values(text: str, tmp_path: Path) -> None:
    assert follow(text, tmp_path).variables["A"] == {**VALUES, **BASH}[text]


@pytest.mark.parametrize("text", VALUES)
def test_a_shell_has_the_same_values(text: str, tmp_path: Path) -> None:
    script = write(tmp_path / "setup", text)
    command = ["sh", "-c", f'. {script} >/dev/null; printf %s "$A"']
    done = subprocess.run(
        command, env={"PATH": os.environ["PATH"], "FROM": "environment"}, capture_output=True, text=True, check=True
    )
    assert done.stdout == VALUES[text]


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on PATH")
@pytest.mark.parametrize("text", BASH)
def test_bash_has_the_same_values(text: str, tmp_path: Path) -> None:
    command = ["bash", "-c", f'. {write(tmp_path / "setup", text)} >/dev/null; printf %s "$A"']
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, encoding="utf-8", check=True)
    assert done.stdout == BASH[text]


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_cannot_be_told_is_known_not_to_be(text: str, tmp_path: Path) -> None:
    reader = follow(text, tmp_path)
    assert reader.variables["A"] == Unknown(reason=UNKNOWN[text].replace("{}", str(tmp_path / "setup")))


def test_what_is_exported_is_told_with_its_place(tmp_path: Path) -> None:
    reader = follow("A=1\nexport B=2\nexport A\nC=3\nFROM=x\nexport D=4\nunset D\nexport NOTSET -n\n", tmp_path)
    assert reader.exported == {"B": f"{tmp_path}/setup:2", "A": f"{tmp_path}/setup:3", "FROM": f"{tmp_path}/setup:5"}
    assert "LD_LIBRARY_PATH" not in reader.variables


def test_a_script_may_export_all_that_it_sets(tmp_path: Path) -> None:
    reader = follow("A=1\nset -a\nB=2\nset +a\nC=3\nset -o allexport\nD=4\nset +o allexport\nE=5", tmp_path)
    assert list(reader.exported) == ["B", "D"]
    assert list(reader.assigned) == ["A", "B", "C", "D", "E"]


def test_scripts_that_are_sourced_are_followed(tmp_path: Path) -> None:
    write(tmp_path / "d/b.sh", "A=${A}b")
    write(tmp_path / "d/a.sh", "A=a\nreturn\nA=no")
    text = 'for f in $(dirname "${BASH_SOURCE[0]}")/d/*.sh; do\n  . $f\ndone\n. ./none\n. $(uname)\n.\n'
    reader = follow(text, tmp_path)
    assert reader.variables["A"] == "ab"
    assert reader.notes == [
        f"{tmp_path}/setup:4: there is no file ./none to read",
        f"{tmp_path}/setup:5: a file is not read: $(uname) on {tmp_path}/setup:5 is not run",
        f"{tmp_path}/setup:6: a file is not read: no file is named",
    ]


def test_what_is_not_run_is_said(tmp_path: Path) -> None:
    reader = follow("alias a=b\nexport A=1 | cat\neval x\n(cd /)\n$(x)\nfunction f {\n  x\n}\n", tmp_path)
    assert reader.notes == [
        f"{tmp_path}/setup:2: a pipe is not followed",
        f"{tmp_path}/setup:3: 'eval' is not run",
        f"{tmp_path}/setup:4: a subshell is not followed",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A='x", '{}:1: the closing "\'" is missing'),
        ('\nA="x', "{}:2: the closing '\"' is missing"),
        ("A=$'x", '{}:1: the closing "\'" is missing'),
        ("A=(x", "{}:1: the closing ')' is missing"),
        ("A=$(x", "{}:1: the closing ')' is missing"),
        ("A=${x", "{}:1: the closing '}' is missing"),
        ("A=`x", '{}:1: the closing "`" is missing'),
        ("if true; then\nA=x\n", "{}:2: 'fi' is missing"),
        ("if true\nfi", "{}:2: unexpected 'fi'"),
        ("for f in a; do\n", "{}:1: 'done' is missing"),
        ("for 'x y' in a; do :; done", "{}:1: expected a name after 'for'"),
        ("while true; do", "{}:1: 'done' is missing"),
        ("fi", "{}:1: unexpected 'fi'"),
        ("x ;; y", "{}:1: unexpected ';;'"),
        ("x )", "{}:1: unexpected ')'"),
        ("&& x", "{}:1: unexpected '&&'"),
        ("x &&", "{}:1: a command is missing"),
        ("x && ;", "{}:1: unexpected ';'"),
        ("(x", "{}:1: the closing ')' is missing"),
        ("f() x", "{}:1: expected the body of a function in braces"),
        ("{ x", "{}:1: '}' is missing"),
        (". ./setup", "{}: the scripts source each other without end"),
        ("A=" + "x" * 2000 + "\n" + "A=$A$A\n" * 20, "{}:11: a value grows without end"),
        (
            "for a in " + "x " * 200 + "; do for b in " + "x " * 200 + "; do :; done; done",
            "{}:1: 'for' goes on without end",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ToolchainError) as caught:
        follow(text, tmp_path)
    assert caught.value.message == message.replace("{}", str(tmp_path / "setup"))
