"""Other tools' descriptions of a toolchain, read into a toolchain file of ours.

Reading is not running: a CMake toolchain file is a program and an ``environment-setup`` a shell script, and neither is
started. What they do to variables is followed as far as it can be told from the text; what cannot be told, or has no
place in a toolchain file, becomes a note that says where it stands.
"""

from __future__ import annotations

from xbuild.importing.importer import Imported, import_files

__all__ = ["Imported", "import_files"]
