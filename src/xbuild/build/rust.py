"""Rust without the build machine's folders: Cargo runs a compiler that writes fixed names in their place.

Not flags: Cargo takes them from one of several places, and leaves out those of the project's configuration, or of the
user's, where they come from another. With the compiler itself all of them stay.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.crossfiles import quoting
from xbuild.files import atomic_write

if TYPE_CHECKING:
    from collections.abc import Mapping

CARGO = "/xbuild/cargo"
"""What Cargo's home, which has the sources of crates, is called in the wheel."""

# A project may be given another home for Cargo on the way. The user's options come after ours, and the last one that
# fits is taken.
_RUSTC = """\
#!/bin/sh
# rustc, which writes fixed names in place of this machine's folders.
exec {rustc} --remap-path-prefix="${{CARGO_HOME:-$HOME/.cargo}}={cargo}" {remaps} "$@"
"""


def cargo_home(environ: Mapping[str, str]) -> Path | None:
    """Return the folder where Cargo keeps what it fetches, if ``environ`` says it."""
    chosen, home = environ.get("CARGO_HOME"), environ.get("HOME")
    if chosen:
        return Path(chosen).absolute()
    return Path(home, ".cargo") if home else None


def write_rustc(folder: Path, *, places: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Write, into the new ``folder``, the compiler that Cargo is to run, and return the variables that say so.

    ``places`` are folders and the names it writes in their place, the last one that fits. It runs the compiler of
    ``environ``, or the first one on PATH; there need be none.
    """
    rustc = environ.get("RUSTC") or environ.get("CARGO_BUILD_RUSTC") or "rustc"
    remaps = (quoting.shell(f"--remap-path-prefix={path}={name}") for path, name in places.items())
    program = folder / "rustc"  # some tools know it by its name
    folder.mkdir()
    atomic_write(program, _RUSTC.format(rustc=quoting.shell(rustc), cargo=CARGO, remaps=" ".join(remaps)))
    program.chmod(0o755)
    return {"RUSTC": str(program)}
