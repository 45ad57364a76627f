"""Programs that come first on PATH, where a variable would not do. Pure: names and texts of POSIX shell scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xbuild.crossfiles import quoting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xbuild.build.crossenv import CrossVenv
    from xbuild.crossfiles import CrossFiles

# Meson 1.10's. A word that is none of them is a folder: Meson's older way to say "setup".
_MESON_COMMANDS = (
    "setup|configure|dist|install|introspect|init|test|wrap|subprojects|rewrite|compile|devenv|env2mfile|format|fmt"
    "|reprotest|help|runpython|unstable-coredata|--internal|-h|--help|-v|--version"
)
_MESON = """\
#!/bin/sh
# Meson with the cross file, which no variable can name. A --cross-file of yours comes after it and overrides it.
shims={shims}
program=
IFS=:
set -f
for folder in $PATH; do
    if [ "$folder" != "$shims" ] && [ -x "$folder/meson" ]; then
        program=$folder/meson
        break
    fi
done
unset IFS
set +f
if [ -z "$program" ]; then
    echo "meson: not found: install it, or let xbuild: --with meson" >&2
    exit 127
fi
case ${{1-}} in
setup) shift ;;
'' | {commands}) exec "$program" "$@" ;;
esac
exec "$program" setup --cross-file {cross_file} "$@"
"""
_BUILD = """\
#!/bin/sh
# pypa/build, run by the Python that speaks for the target.
exec {python} -m build "$@"
"""


def shims(folder: Path, *, venv: CrossVenv, files: CrossFiles) -> Mapping[str, str]:
    """Return the scripts that belong into ``folder``, by name."""
    return {
        "meson": _MESON.format(
            shims=quoting.shell(str(folder)), commands=_MESON_COMMANDS, cross_file=quoting.shell(str(files.meson))
        ),
        # The installed script is the build machine's Python, which would make a wheel with that machine's headers.
        "pyproject-build": _BUILD.format(python=quoting.shell(str(venv.cross_python))),
    }
