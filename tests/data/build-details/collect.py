"""Cut an unpacked distribution tree down to what `xbuild details` looks at: how the files in `trees/` were made.

    python collect.py DESTINATION TREE VERSION

TREE is where the packages libpythonX.Y-minimal, -stdlib, -dev, libpythonX.Y and pythonX.Y-minimal of one architecture
were unpacked (`dpkg-deb -x`). Text is cut to the lines that matter, and a library to its ELF header followed by the
module suffixes it has as strings; build-details files and pkg-config files stay whole.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from xbuild.details.binary import stable_suffixes_in
from xbuild.details.variables import parse_variables

VARIABLES = frozenset(
    {
        "ABIFLAGS",
        "ALT_SOABI",
        "BINDIR",
        "EXENAME",
        "EXT_SUFFIX",
        "INCLUDEPY",
        "INSTSONAME",
        "LDLIBRARY",
        "LDVERSION",
        "LIBDEST",
        "LIBDIR",
        "LIBPC",
        "LIBPL",
        "LIBPYTHON",
        "LIBRARY",
        "MULTIARCH",
        "PY3LIBRARY",
        "Py_DEBUG",
        "Py_ENABLE_SHARED",
        "Py_GIL_DISABLED",
        "SIZEOF_VOID_P",
        "SOABI",
        "SOABI_PLATFORM",
        "STATIC_LIBPYTHON",
        "VERSION",
        "prefix",
        "py_version",
    }
)
PYCONFIG = re.compile(r"^.*\b(?:Py_DEBUG|Py_GIL_DISABLED|SIZEOF_VOID_P)\b.*$", re.MULTILINE)
PATCHLEVEL = re.compile(r"^#define PY_(?:\w+_VERSION|RELEASE_\w+|VERSION)\s+[^\s(].*$", re.MULTILINE)


def main(destination: Path, tree: Path, version: str) -> None:
    """Copy what matters of ``tree``, which holds CPython ``version`` (X.Y)."""
    stdlib = tree / "usr/lib" / f"python{version}"
    for file in sorted(stdlib.glob("build-details*.json")):
        put(destination, tree, file, file.read_text("utf-8"))
    tables = sorted({file.resolve() for file in stdlib.glob("_sysconfig*_*.*")})
    for file in tables:
        table = {name: value for name, value in sorted(parse_variables(file).items()) if name in VARIABLES}
        if file.suffix == ".json":
            put(destination, tree, file, json.dumps(table, indent=1) + "\n")
        elif not any(other.suffix == ".json" for other in tables):
            lines = "".join(f"    {name!r}: {value!r},\n" for name, value in table.items())
            heading = "# system configuration generated and used by the sysconfig module"
            put(destination, tree, file, f"{heading}\nbuild_time_vars = {{\n{lines}}}\n")
    headers(destination, tree, version)
    for file in sorted((tree / "usr/lib").glob(f"*/libpython{version}.so")):
        own = str(parse_variables(tables[0])["EXT_SUFFIX"])
        names = "\0".join(("", *sorted(stable_suffixes_in(file, extension_suffix=own) or ()), own, ""))
        put(destination, tree, file, file.read_bytes()[:64] + names.encode("ascii"))
    for file in sorted((tree / "usr/lib").glob(f"*/libpython{version}.a")):
        put(destination, tree, file, b"!<arch>\n")
    for file in sorted((tree / "usr/lib").glob(f"*/pkgconfig/python-{version}.pc")):
        put(destination, tree, file, file.read_text("utf-8"))
    program = tree / "usr/bin" / f"python{version}"
    put(destination, tree, program, program.read_bytes()[:64])


def headers(destination: Path, tree: Path, version: str) -> None:
    """Copy ``Python.h`` as an empty file, and the lines that matter of the two ``pyconfig.h`` and ``patchlevel.h``."""
    include = tree / "usr/include" / f"python{version}"
    put(destination, tree, include / "Python.h", "")
    patchlevel = (include / "patchlevel.h").read_text("utf-8")
    put(destination, tree, include / "patchlevel.h", "\n".join(PATCHLEVEL.findall(patchlevel)) + "\n")
    for file in (include / "pyconfig.h", *sorted((tree / "usr/include").glob(f"*/python{version}/pyconfig.h"))):
        text = file.read_text("utf-8")
        lines = PYCONFIG.findall(text) or [line for line in text.splitlines() if "# " in line][:3]
        put(destination, tree, file, "\n".join(lines) + "\n")


def put(destination: Path, tree: Path, file: Path, content: str | bytes) -> None:
    """Write ``content`` where ``file`` of ``tree`` is in ``destination``."""
    target = destination / file.relative_to(tree)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]).resolve(), sys.argv[3])
