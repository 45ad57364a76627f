"""What CMake's commands do to variables, without CMake. Each value is what CMake has too: see the last test."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.support.target_trees import write

from xbuild.errors import ToolchainError
from xbuild.importing.cmake_reader import CMakeReader
from xbuild.importing.facts import Unknown

if TYPE_CHECKING:
    from pathlib import Path

VALUES = {
    # set() and references
    "set(A x)": "x",
    "set(A x y)": "x;y",
    'set(A "x;y" z)': "x;y;z",
    "set(A [[${B}]])": "${B}",
    "set(A [==[\nx]]y]==])": "x]]y",
    'set(B 1)\nset(N B)\nset(A "${${N}}-${MISSING}-$ENV{FROM}")': "1--environment",
    'set(A "\\"\\${x}\\t\\\\;\\;")': '"${x}\t\\;\\;',
    'set(A "one \\\ntwo")': "one two",
    "set(B x y)\nset(A ${B} z)": "x;y;z",
    'set(A -DX="a b")': '-DX="a b"',
    "set(ENV{FROM} here)\nset(A $ENV{FROM})": "here",
    'set(ENV{FROM})\nset(A "<$ENV{FROM}>")': "<>",
    'unset(ENV{FROM})\nset(A "<$ENV{FROM}>")': "<>",
    'set(A old)\nset(A new CACHE STRING "")': "old",
    'set(A x)\nset(A)\nset(A "<${A}>")': "<>",
    'set(A x)\nunset(A)\nset(A "<${A}>")': "<>",
    'option(A "doc" ON)': "ON",
    'option(A "doc")': "OFF",
    "SET(A x) # comment\n#[[ set(A\ny) ]]": "x",
    # list() and string()
    "list(APPEND A x y)": "x;y",
    "set(A x)\nlist(PREPEND A y)": "y;x",
    "set(A x y x)\nlist(REMOVE_ITEM A x)": "y",
    "set(A x y x)\nlist(REMOVE_DUPLICATES A)": "x;y",
    "set(L x y)\nlist(JOIN L - A)": "x-y",
    "set(L x y)\nlist(LENGTH L A)": "2",
    "set(L x y)\nlist(GET L -1 A)": "y",
    "set(A x)\nstring(APPEND A y z)": "xyz",
    "set(A x)\nstring(PREPEND A y)": "yx",
    'string(REPLACE /share/buildroot "" A /h/share/buildroot)': "/h",
    "string(CONCAT A x y)": "xy",
    "string(JOIN - A x y)": "x-y",
    "string(TOLOWER XY A)": "xy",
    "string(TOUPPER xy A)": "XY",
    'string(STRIP " x " A)': "x",
    'set(A "x  y")\nseparate_arguments(A)': "x;;y",
    # paths
    "get_filename_component(A /a/b.c.d DIRECTORY)": "/a",
    "get_filename_component(A /a/b.c.d PATH)": "/a",
    "get_filename_component(A /a/b.c.d NAME)": "b.c.d",
    "get_filename_component(A /a/b.c.d NAME_WE)": "b",
    "get_filename_component(A /a/b.c.d EXT)": ".c.d",
    "get_filename_component(A /a/b EXT)": "",
    "get_filename_component(A ../x ABSOLUTE BASE_DIR /a/b)": "/a/x",
    "get_filename_component(A ../x REALPATH BASE_DIR /nowhere/b)": "/nowhere/x",
    "file(TO_CMAKE_PATH /a/b A)": "/a/b",
    # what is chosen
    "if(1)\nset(A x)\nelse()\nset(A y)\nendif()": "x",
    "if(NO)\nset(A x)\nelseif(ON)\nset(A y)\nelse()\nset(A z)\nendif()": "y",
    "if(0)\nif(1)\nset(A x)\nendif()\nelse()\nset(A y)\nendif()": "y",
    "foreach(i a b)\nlist(APPEND A ${i}${i})\nendforeach()": "aa;bb",
    "set(L a b)\nforeach(i IN LISTS L ITEMS c)\nlist(APPEND A ${i})\nendforeach()": "a;b;c",
    'if(/o/sysroots/a_b-c-d MATCHES "/sysroots/([a-zA-Z0-9_-]+)-.+-.+")\nset(A "${CMAKE_MATCH_1}")\nendif()': "a_b",
    'if(abc MATCHES "(a)(x?)c?b(c)")\nset(A ${CMAKE_MATCH_0} "${CMAKE_MATCH_2}" ${CMAKE_MATCH_3} '
    "${CMAKE_MATCH_COUNT})\nendif()": "abc;;c;3",
    'if(ab MATCHES "(a)")\nendif()\nif(ab MATCHES "(x)")\nendif()\nset(A "<${CMAKE_MATCH_1}>"'
    "${CMAKE_MATCH_COUNT})": "<>;0",
    "block()\nset(B x)\nendblock()\nset(A y)": "y",
    "function(f)\nset(A x)\nendfunction()\nmacro(m)\nset(A x)\nendmacro()\nset(A y)": "y",
    "set(A x)\nreturn()\nset(A y)": "x",
    'message(STATUS "hello")\ncmake_minimum_required(VERSION 3.15)\nset(A x)': "x",
}

CONDITIONS = {
    "x": False,
    "V": True,
    '"V"': False,
    "EMPTY": False,
    "NOTSET": False,
    "FOUND-NOTFOUND": False,
    "NOT V": False,
    "2": True,
    "Y": True,
    "DEFINED V": True,
    "DEFINED NOTSET": False,
    "DEFINED ENV{FROM}": True,
    "DEFINED ENV{NOTSET}": False,
    "DEFINED CACHE{NOTSET}": False,
    "V STREQUAL v": True,
    '"V" STREQUAL v': False,
    "V STREQUAL V": True,
    "a STRLESS b": True,
    "b STRGREATER a": True,
    "2 LESS 10": True,
    "x LESS 10": False,
    "10 GREATER_EQUAL 10": True,
    "1.10 VERSION_GREATER 1.9": True,
    "1.9 VERSION_LESS 1.10": True,
    "1.0 VERSION_EQUAL 1": True,
    "riscv64 MATCHES ^riscv": True,
    "riscv64 MATCHES arm|aarch64": False,
    "b IN_LIST LIST": True,
    "c IN_LIST LIST": False,
    "EXISTS /": True,
    "EXISTS /nowhere/at/all": False,
    "IS_DIRECTORY /": True,
    "IS_ABSOLUTE x": False,
    "0 AND 1 OR 1": True,
    "1 OR 0 AND 0": False,
    "1 OR 1 AND 0 OR 1": True,
    "NOT 0 AND NOT 0 OR 0": True,
    "(1 OR 0) AND (0 OR 0)": False,
    "1 OR (0 AND 0)": True,
    "0 AND COMMAND x OR V": True,
    "COMMAND cmake_no_such OR 1": True,
    "1 AND NOT COMMAND cmake_no_such OR 1": True,
    "B IN_LIST LIST": True,
    "a-1 MATCHES ^[a-z_-]+[0-9]$": True,
    "a-1 MATCHES ^[^a-z]": False,
    "-Wl,--x=1 MATCHES -Wl,--x=[1,]": True,
    'ab MATCHES "(a|x)(b|y)"': True,
    "1 AND (0 OR V)": True,
    "0 AND COMMAND x": False,
    "IS_SYMLINK /nowhere": False,
    "x LESS_EQUAL 1": False,
    "a PATH_EQUAL a": True,
    "NOT (1 AND 0)": True,
}

UNKNOWN = {
    "find_program(A gcc)": "find_program() on {}:1 is not followed",
    "execute_process(COMMAND gcc OUTPUT_VARIABLE A)": "execute_process() on {}:1 is not followed",
    "string(REGEX REPLACE x y A z)": "string(REGEX) on {}:1 is not followed",
    "find_program(B gcc)\nset(A ${B}-x)": "find_program() on {}:1 is not followed",
    "find_program(B gcc)\nset(A x)\nlist(APPEND A ${B})": None,
    "find_program(A gcc)\nlist(APPEND A y)": "find_program() on {}:1 is not followed",
    "find_program(B gcc)\nset(A x)\nstring(APPEND A ${B})": "find_program() on {}:1 is not followed",
    "set(A ${CMAKE_SOURCE_DIR}/x)": "CMAKE_SOURCE_DIR is another folder in each project",
    "if(COMMAND x)\nset(A x)\nendif()": "if() on {}:1 cannot be decided: COMMAND is not known before a project is "
    "configured: x",
    'if(COMMAND x)\nif(a MATCHES "(a)")\nendif()\nendif()\nset(A ${CMAKE_MATCH_1})': "if() on {}:1 cannot be decided: "
    "COMMAND is not known before a project is configured: x",
    'string(REGEX MATCH "(a)" B a)\nset(A ${CMAKE_MATCH_1})': "string(REGEX) on {}:1 is not followed",
    'if(a MATCHES "a\\\\.")\nendif()\nset(A ${CMAKE_MATCH_0})': "the pattern 'a\\\\.' is not read",
    "if(0 OR COMMAND x AND 1)\nset(A x)\nendif()": "if() on {}:1 cannot be decided: COMMAND is not known before a "
    "project is configured: x",
    f'if("{"a" * 300}" MATCHES ".*.*.*.*b")\nset(A x)\nendif()': "if() on {}:1 cannot be decided: "
    "the pattern '.*.*.*.*b' is not read",
    'if(V MATCHES "[z-a]")\nset(A x)\nendif()': "if() on {}:1 cannot be decided: the pattern '[z-a]' is not read",
    'if("a\n" MATCHES "a$")\nset(A x)\nendif()': "if() on {}:1 cannot be decided: the pattern 'a$' is not read",
    'if(V MATCHES "(a*)*")\nset(A x)\nelse()\nset(A y)\nendif()': "if() on {}:1 cannot be decided: "
    "the pattern '(a*)*' is not read",
    "if(V STREQUAL)\nset(A x)\nendif()": "if() on {}:1 cannot be decided: the condition ends too early",
    "if((V)\nset(A x)\nendif()\n)\nset(A x)\nendif()": "if() on {}:1 cannot be decided: the "
    "condition has an unexpected 'set'",
    "if(V STREQUAL ${CMAKE_SOURCE_DIR})\nset(A x)\nendif()": "if() on {}:1 cannot be decided: "
    "CMAKE_SOURCE_DIR is another folder in each project",
    "if((1)\nset(A x)\nendif())\nset(A x)\nendif()": "if() on {}:1 cannot be decided: the condition has an unexpected "
    "'set'",
    'if(V MATCHES "*")\nset(A x)\nendif()': "if() on {}:1 cannot be decided: the pattern '*' is not read",
    "list(SORT A)": "list(SORT) on {}:1 is not followed",
    "string(REPLACE a b A ${CMAKE_SOURCE_DIR})": "string(REPLACE) on {}:1 is not followed",
    "get_filename_component(A x PROGRAM)": "get_filename_component() on {}:1 is not followed",
    "file(READ x A)": "file(READ) on {}:1 is not followed",
    "option(A ${CMAKE_SOURCE_DIR})\nset(A ${CMAKE_BINARY_DIR})": "CMAKE_BINARY_DIR is another folder in each project",
    "while(1)\nset(A x)\nendwhile()": "while() on {}:1 is not followed",
    "foreach(i RANGE 3)\nset(A x)\nendforeach()": "foreach() on {}:1 is not followed",
}


def follow(text: str, folder: Path) -> CMakeReader:
    path = write(folder / "t.cmake", text)
    reader = CMakeReader(environ={"FROM": "environment"}, read=lambda each: each.read_text("utf-8"))
    reader.run(path)
    return reader


@pytest.mark.parametrize("text", VALUES)
def test_values(text: str, tmp_path: Path) -> None:
    reader = follow(text, tmp_path)
    assert reader.variables["A"].value == VALUES[text]
    assert reader.notes == []


SETUP = 'set(V v)\nset(EMPTY "")\nset(LIST a b)\nset(B b)\n'


@pytest.mark.parametrize("text", CONDITIONS)
def test_conditions(text: str, tmp_path: Path) -> None:
    reader = follow(f"{SETUP}if({text})\nset(A yes)\nelse()\nset(A no)\nendif()", tmp_path)
    assert reader.variables["A"].value == ("yes" if CONDITIONS[text] else "no")


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_cannot_be_told_is_known_not_to_be(text: str, tmp_path: Path) -> None:
    reader = follow(text, tmp_path)
    value = reader.variables["A"].value
    assert reader.notes or "CMAKE_SOURCE_DIR" in text
    expected = UNKNOWN[text]
    if expected is not None:
        assert value == Unknown(reason=expected.replace("{}", str(tmp_path / "t.cmake")))


def test_the_file_knows_where_it_is(tmp_path: Path) -> None:
    write(tmp_path / "more/inner.cmake", "set(B ${CMAKE_CURRENT_LIST_FILE} ${CMAKE_TOOLCHAIN_FILE})")
    reader = follow(
        "set(A ${CMAKE_CURRENT_LIST_DIR})\ninclude(more/inner.cmake)\nset(C ${CMAKE_HOST_SYSTEM_NAME})", tmp_path
    )
    assert reader.variables["A"].value == str(tmp_path)
    assert reader.variables["B"].value == f"{tmp_path}/more/inner.cmake;{tmp_path}/t.cmake"
    assert reader.variables["C"].value == "Linux"
    assert reader.variables["B"].where == f"{tmp_path}/more/inner.cmake:1"


def test_files_that_match_are_included(tmp_path: Path) -> None:
    write(tmp_path / "t.d/b.cmake", "list(APPEND A b)")
    write(tmp_path / "t.d/a.cmake", "list(APPEND A a)\nreturn()\nlist(APPEND A no)")
    text = 'file(GLOB files "${CMAKE_CURRENT_LIST_DIR}/t.d/*.cmake")\nforeach(f ${files})\ninclude(${f})\nendforeach()'
    assert follow(text, tmp_path).variables["A"].value == "a;b"


def test_files_that_are_not_there_are_said(tmp_path: Path) -> None:
    reader = follow("include(Missing)\ninclude(none.cmake OPTIONAL)\nset(A x)", tmp_path)
    assert reader.notes == [f"{tmp_path}/t.cmake:1: include(Missing) is not followed: there is no {tmp_path}/Missing"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("set(A x", "{}:1: the ')' of a command is missing"),
        ("\nset A", "{}:2: expected '(' after 'set'"),
        ('set(A "x)', "{}:1: the closing '\"' is missing"),
        ("= x", "{}:1: expected a command, found '= x'"),
        ("\nif(1)\nset(A x)", "{}:2: if() has no endif()"),
        ('\nmessage(FATAL_ERROR "no" "SDK")', "{}:2: the file stops CMake here: no SDK"),
        ("include(t.cmake)", "{}: the files include each other without end"),
        ("set(A " + "x" * 2000 + ")\n" + 'set(A "${A}${A}")\n' * 20, "{}: a value grows without end"),
        ("set(A " + "x" * 2000 + ")\n" + 'string(REPLACE x "${A}" A "${A}")\n' * 3, "{}:2: a value grows without end"),
        (
            "foreach(a " + "x " * 200 + ")\nforeach(b " + "x " * 200 + ")\nendforeach()\nendforeach()",
            "{}:2: foreach() goes on without end",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ToolchainError) as caught:
        follow(text, tmp_path)
    assert caught.value.message == message.replace("{}", str(tmp_path / "t.cmake"))


def test_a_forced_cache_entry_is_what_its_author_wants(tmp_path: Path) -> None:
    """CMake has it so or not, by its policy CMP0126, which is the project's."""
    assert follow('set(A old)\nset(A new CACHE STRING "" FORCE)', tmp_path).variables["A"].value == "new"


@pytest.mark.skipif(shutil.which("cmake") is None, reason="no cmake on PATH")
def test_cmake_has_the_same_values(tmp_path: Path) -> None:
    """All of the above at once, each in a function of its own, run by the real CMake."""
    skipped = ("block()", "return()", "cmake_minimum", "function(")
    cases = {text: value for text, value in VALUES.items() if not any(each in text for each in skipped)}
    for text, holds in CONDITIONS.items():
        cases[f"{SETUP}if({text})\nset(A yes)\nelse()\nset(A no)\nendif()"] = "yes" if holds else "no"
    script = ["cmake_policy(VERSION 3.25)\n"]
    for index, text in enumerate(cases):
        before = f"function(case_{index})\nset(ENV{{FROM}} environment)\nunset(A CACHE)\n"
        script.append(f'{before}{text}\nfile(WRITE {tmp_path}/{index} "${{A}}")\nendfunction()\ncase_{index}()\n')
    subprocess.run(
        ["cmake", "-P", write(tmp_path / "all.cmake", "".join(script))], check=True, stderr=subprocess.DEVNULL
    )
    assert {text: (tmp_path / str(index)).read_text("utf-8") for index, text in enumerate(cases)} == cases
