"""What is synthesised for an interpreter of this machine is what the interpreter says of itself when it is run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from xbuild.details import check_text, dumps, synthesise

FACTS = """
import importlib.machinery, json, os, sys, sysconfig
print(json.dumps({
    "stdlib": sysconfig.get_path("stdlib"),
    "base_prefix": sys.base_prefix,
    "platform": sysconfig.get_platform(),
    "hexversion": sys.hexversion,
    "cache_tag": sys.implementation.cache_tag,
    "_multiarch": getattr(sys.implementation, "_multiarch", None),
    "flags": list(sys.abiflags),
    "extension_suffix": sysconfig.get_config_var("EXT_SUFFIX"),
    "extensions": importlib.machinery.EXTENSION_SUFFIXES,
    "headers": sysconfig.get_path("include"),
}))
"""
NAMES = ("python3.8", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14")


def interpreters() -> list[str]:
    """This one, and those of other versions on PATH that run (a version manager's may not)."""
    others = [path for path in map(shutil.which, NAMES) if path is not None]
    runs = (subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0 for path in others)
    return [sys.executable, *(path for path, good in zip(others, runs, strict=True) if good)]


@pytest.mark.parametrize("python", interpreters(), ids=lambda path: Path(path).name)
def test_an_interpreter_agrees_with_what_is_synthesised_for_it(python: str) -> None:
    done = subprocess.run([python, "-c", FACTS], capture_output=True, check=True, text=True)
    facts = json.loads(done.stdout)
    stdlib = Path(facts["stdlib"])
    details = synthesise(stdlib).details
    assert details.abi is not None
    assert details.suffixes is not None
    made = {
        "stdlib": facts["stdlib"],
        "base_prefix": details.base_prefix,
        "platform": details.platform,
        "hexversion": details.implementation.hexversion,
        "cache_tag": details.implementation.cache_tag,
        "_multiarch": details.implementation.extra.get("_multiarch"),
        "flags": list(details.abi.flags),
        "extension_suffix": details.abi.extension_suffix,
        "extensions": list(details.suffixes["extensions"]),
        "headers": details.c_api.headers if details.c_api else facts["headers"],
    }
    assert made == facts
    assert check_text(dumps(details), file=stdlib / "build-details.json") == ()
