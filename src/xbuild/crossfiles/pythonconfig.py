"""A ``python3.13-config`` for the target: a shell script, as an interpreter that could answer does not run here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xbuild.crossfiles import quoting
from xbuild.crossfiles.pkgconfig import EMBEDDING
from xbuild.crossfiles.sysconfigdata import rewrite_variables

if TYPE_CHECKING:
    from xbuild.crossfiles.layout import Layout
    from xbuild.crossfiles.spec import CrossSpec

_SCRIPT = """\
#!/bin/sh
# {name} of the target, {description}.
usage='usage: {name} --prefix|--exec-prefix|--includes|--libs|--cflags|--ldflags|--extension-suffix|--help|--abiflags|\
--configdir|--embed'
{here}prefix={prefix}
include={include}
libdir={libdir}
configdir={configdir}
embed=
for option do
  test "$option" != --embed || embed='{library}'
done
test $# -gt 0 || {{ echo "$usage" >&2; exit 1; }}
for option do
  case $option in
    --prefix | --exec-prefix) echo "$prefix" ;;
    --includes | --cflags) echo "-I$include" ;;
    --libs) echo $embed {libs} ;;
    --ldflags) echo "-L$libdir" $embed {libs} ;;
    --extension-suffix) echo {suffix} ;;
    --abiflags) echo {abiflags} ;;
    --configdir) echo "$configdir" ;;
    --embed) ;;
    --help) echo "$usage" ;;
    *) echo "$usage" >&2; exit 1 ;;
  esac
done
"""


def render(spec: CrossSpec, layout: Layout) -> str:
    """Return the script; it must be made executable."""
    python, variables = spec.python, rewrite_variables(spec)
    return _SCRIPT.format(
        name=layout.python_config.name,
        description=spec.target.description,
        here="xbuild_here=${0%/*}\n" if quoting.HERE in str(python.prefix) else "",
        prefix=quoting.shell(str(python.prefix)),
        include=quoting.shell(str(python.include)),
        libdir=quoting.shell(str(variables["LIBDIR"])),
        configdir=quoting.shell(str(variables["LIBPL"])),
        library=f"{EMBEDDING} -lpython{python.version}{python.abi_flags}",
        libs=" ".join(
            quoting.shell(word) for name in ("LIBS", "SYSLIBS") for word in str(variables.get(name, "")).split()
        ),
        suffix=quoting.shell(python.extension_suffix),
        abiflags=quoting.shell(python.abi_flags),
    )
