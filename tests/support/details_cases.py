"""The cases of tests/data/build-details, as values and as files: for tests, and for the documentation's examples."""

from __future__ import annotations

import json
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parents[1] / "data" / "build-details"
TREES = HERE / "trees"
FILES = HERE / "files"


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """``finds`` maps each code that a check reports to the JSON pointers it reports it at."""

    name: str
    source: str
    base: Path
    edit: Mapping[str, Any]
    finds: Mapping[str, list[str]]


def load_cases() -> tuple[Case, ...]:
    """Return every case, in the order of the file."""
    return tuple(
        Case(
            name=entry["name"],
            source=entry.get("source", ""),
            base=FILES / entry["file"] if "file" in entry else TREES / entry["tree"],
            edit=entry.get("edit", {}),
            finds=entry["finds"],
        )
        for entry in tomllib.loads((HERE / "cases.toml").read_text("utf-8"))["case"]
    )


def make(case: Case, folder: Path) -> Path:
    """Write the files of ``case`` into ``folder`` and return the build-details file."""
    if case.base.is_dir():
        shutil.copytree(case.base, folder, dirs_exist_ok=True)
        [file] = folder.rglob("build-details*.json")
    else:
        file = folder / "lib/python3.14/build-details.json"
        file.parent.mkdir(parents=True)
        shutil.copyfile(case.base, file)
    _edit_file(file, case.edit)
    _edit_tree(folder, case.edit)
    return file.rename(file.with_name(case.edit["rename"])) if "rename" in case.edit else file


def _edit_file(file: Path, edit: Mapping[str, Any]) -> None:
    content = file.read_bytes()
    if "bytes" in edit:
        content = bytes(edit["bytes"])
    if "repeat" in edit:
        text, times = edit["repeat"]
        content = text.encode() * times
    if "truncate" in edit:
        content = content[: edit["truncate"]]
    if "replace" in edit:
        old, new = (text.encode() for text in edit["replace"])
        content = content.replace(old, new)
    if "set" in edit or "unset" in edit:
        content = _edited(content, edit.get("set", {}), edit.get("unset", []))
    file.write_bytes(content)


def _edited(content: bytes, members: Mapping[str, Any], unset: list[str]) -> bytes:
    document = json.loads(content)
    for pointer in (*members, *unset):
        *folders, last = pointer.split("/")[1:]
        place = document
        for key in folders:
            place = place[key]
        if pointer in members:
            place[last] = members[pointer]
        else:
            del place[last]
    return json.dumps(document, indent=2).encode() + b"\n"


def _edit_tree(folder: Path, edit: Mapping[str, Any]) -> None:
    if "variables" in edit:
        [file] = folder.rglob("_sysconfig_vars*.json")
        file.write_text(json.dumps(json.loads(file.read_bytes()) | edit["variables"], indent=1))
    for name, text in edit.get("write", {}).items():
        (folder / name).write_text(text, "utf-8")
    for name, origin in edit.get("copy", {}).items():
        shutil.copyfile(TREES / origin, folder / name)
    for name in edit.get("delete", []):
        path = folder / name
        path.rmdir() if path.is_dir() else path.unlink()
