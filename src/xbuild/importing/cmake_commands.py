"""The commands of CMake that set variables, each followed as far as it can be.

Each function returns False for a form it does not know.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from xbuild.importing.cmake_conditions import Word
from xbuild.importing.cmake_variables import CMakeVariables, Text, split_list
from xbuild.importing.facts import Unknown
from xbuild.importing.words import check_length, joined

Follow = Callable[[CMakeVariables, Sequence[Word], int], bool]


def _set(variables: CMakeVariables, words: Sequence[Word], line: int) -> bool:
    if not words or isinstance(words[0].text, Unknown):
        return False
    name, rest = words[0].text, list(words[1:])
    plain = [None if word.quoted else word.text for word in rest]
    if name.startswith("ENV{"):
        rest = rest[:1]
    elif "CACHE" in plain:
        forced = "FORCE" in plain
        rest = rest[: plain.index("CACHE")]
        if name in variables.variables and not forced:
            return True  # a cache entry does not replace what is there
    elif plain[-1:] == ["PARENT_SCOPE"]:
        rest = rest[:-1]
    if rest or name.startswith("ENV{"):
        variables.set(name, _join(rest), line)
    else:
        variables.variables.pop(name, None)
    return True


def _unset(variables: CMakeVariables, words: Sequence[Word], line: int) -> bool:
    name = words[0].text if words else None
    if not isinstance(name, str):
        return False
    if name.startswith("ENV{"):
        variables.set(name, "", line)
    variables.variables.pop(name, None)
    return True


def _option(variables: CMakeVariables, words: Sequence[Word], line: int) -> bool:
    if not words or not isinstance(words[0].text, str):
        return False
    if words[0].text not in variables.variables:
        variables.set(words[0].text, words[2].text if len(words) > 2 else "OFF", line)
    return True


def _list(variables: CMakeVariables, words: Sequence[Word], line: int) -> bool:
    texts = texts_of(words)
    if texts is None or len(texts) < 2:
        return False
    action, name, *rest = texts
    value = variables.value(name) or ""
    if isinstance(value, Unknown):
        return action in {"APPEND", "PREPEND", "REMOVE_ITEM", "REMOVE_DUPLICATES"}  # it stays unknown
    items = [each for each in split_list(value) if each]
    match action:
        case "APPEND":
            variables.set(name, ";".join([*items, *rest]), line)
        case "PREPEND":
            variables.set(name, ";".join([*rest, *items]), line)
        case "REMOVE_ITEM":
            variables.set(name, ";".join(each for each in items if each not in rest), line)
        case "REMOVE_DUPLICATES":
            variables.set(name, ";".join(dict.fromkeys(items)), line)
        case "JOIN" if len(rest) == 2:
            check_length(len(rest[0]) * len(items), where=variables.where(line))
            variables.set(rest[1], rest[0].join(items), line)
        case "LENGTH" if rest:
            variables.set(rest[0], str(len(items)), line)
        case "GET" if len(rest) == 2 and re.fullmatch(r"-?\d{1,6}", rest[0]) and _has(items, int(rest[0])):
            variables.set(rest[1], items[int(rest[0])], line)
        case _:
            return False
    return True


def _string(variables: CMakeVariables, words: Sequence[Word], line: int) -> bool:
    action = words[0].text if words else None
    name = words[1].text if len(words) > 1 else None
    if action in {"APPEND", "PREPEND"} and isinstance(name, str):
        old = variables.value(name) or ""
        added = [word.text for word in words[2:]]
        parts = [old, *added] if action == "APPEND" else [*added, old]
        variables.set(name, joined(parts, where=variables.where(line)), line)
        return True
    texts = texts_of(words)
    if texts is None:
        return False
    match texts:
        case ["REPLACE", old_text, new, output, *inputs]:
            check_length("".join(inputs).count(old_text) * len(new), where=variables.where(line))
            variables.set(output, "".join(inputs).replace(old_text, new) if old_text else "".join(inputs), line)
        case ["CONCAT", output, *inputs]:
            variables.set(output, "".join(inputs), line)
        case ["JOIN", glue, output, *inputs]:
            check_length(len(glue) * len(inputs), where=variables.where(line))
            variables.set(output, glue.join(inputs), line)
        case ["TOLOWER", text, output]:
            variables.set(output, text.lower(), line)
        case ["TOUPPER", text, output]:
            variables.set(output, text.upper(), line)
        case ["STRIP", text, output]:
            variables.set(output, text.strip(), line)
        case _:
            return False
    return True


def _component(variables: CMakeVariables, words: Sequence[Word], line: int) -> bool:
    texts = texts_of(words)
    if texts is None or len(texts) < 3:
        return False
    name, path, mode, *rest = texts
    base = rest[1] if rest[:1] == ["BASE_DIR"] and len(rest) > 1 else str(variables.files[-1].parent)
    value = _part(path, mode, base)
    if value is None:
        return False
    variables.set(name, value, line)
    return True


def _file(variables: CMakeVariables, words: Sequence[Word], line: int) -> bool:
    match texts_of(words):
        case ["TO_CMAKE_PATH" | "TO_NATIVE_PATH", path, output]:
            variables.set(output, path, line)
        case ["REAL_PATH", path, output, *_]:
            variables.set(output, _part(path, "REALPATH", str(variables.files[-1].parent)) or path, line)
        case ["GLOB", output, *patterns] if not {"RELATIVE", "LIST_DIRECTORIES", "CONFIGURE_DEPENDS"} & {*patterns}:
            variables.set(output, ";".join(each for pattern in patterns for each in glob_files(pattern)), line)
        case _:
            return False
    return True


def _separate(variables: CMakeVariables, words: Sequence[Word], line: int) -> bool:
    texts = texts_of(words)
    if texts is None or len(texts) != 1:
        return False
    value = variables.value(texts[0]) or ""
    variables.set(texts[0], value if isinstance(value, Unknown) else value.replace(" ", ";"), line)
    return True


COMMANDS: Mapping[str, Follow] = {
    "set": _set,
    "unset": _unset,
    "option": _option,
    "list": _list,
    "string": _string,
    "get_filename_component": _component,
    "file": _file,
    "separate_arguments": _separate,
}


def glob_files(pattern: str) -> list[str]:
    """Return the files that ``pattern``, an absolute path with wildcards in its last part, stands for, sorted."""
    folder, _, name = pattern.rpartition("/")
    if not folder or not name or "\0" in pattern:
        return []
    try:
        return sorted(str(path) for path in Path(folder).glob(name))
    except (OSError, ValueError, NotImplementedError):
        return []


def texts_of(words: Sequence[Word]) -> list[str] | None:
    """Return the texts of ``words``; None if one of them is not known."""
    texts = [word.text for word in words if isinstance(word.text, str)]
    return texts if len(texts) == len(words) else None


def _join(words: Sequence[Word]) -> Text:
    unknown = next((word.text for word in words if isinstance(word.text, Unknown)), None)
    return unknown or ";".join(word.text for word in words if isinstance(word.text, str))


def _part(path: str, mode: str, base: str) -> str | None:  # noqa: PLR0911, one per mode
    name = path.rpartition("/")[2]
    match mode:
        case "DIRECTORY" | "PATH":
            return path.rstrip("/").rpartition("/")[0]
        case "NAME":
            return name
        case "NAME_WE":
            return name.partition(".")[0]
        case "EXT":
            return f".{name.partition('.')[2]}" if "." in name else ""
        case "ABSOLUTE":
            return os.path.normpath(os.path.join(base, path))  # noqa: PTH118, no links are followed
        case "REALPATH":
            return os.path.realpath(os.path.join(base, path)) if "\0" not in path else path  # noqa: PTH118
    return None


def _has(items: Sequence[str], index: int) -> bool:
    return -len(items) <= index < len(items)
