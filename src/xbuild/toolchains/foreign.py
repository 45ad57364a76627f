"""GCC with a C library that is not of its own suite: a distribution's sysroot, or an image's.

GCC's own C++ library would ask for the C library it was built with. So modules are linked to the sysroot's
``libstdc++.so.6``; what that is too old for comes out of GCC's static one and stays hidden in the module, as in the
compilers that manylinux's images have. The headers are GCC's own, less what they only declare with a newer C library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xbuild.errors import ToolchainError
from xbuild.toolchains.process import Run, run_command

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_STATIC = "libstdc++.a"
_COMPATIBILITY = "libxbuild_compat.a"

_LIBSTDCXX = f'INPUT ( "{{library}}" -l:{_STATIC} AS_NEEDED ( -lpthread -lc ) -l:{_COMPATIBILITY} )\n'
_LIBGCC = 'GROUP ( "{library}" -lgcc )\n'

# What the static libraries of Debian's GCC 12 and 14 take from C libraries newer than 2.31, and older ones lack.
_COMPATIBILITY_SOURCE = """\
#include <sys/syscall.h>
#define HIDDEN __attribute__((visibility("hidden")))
long syscall(long, ...);
unsigned long strtoul(const char *, char **, int);
HIDDEN char __libc_single_threaded; /* 2.32: 0 is "there may be threads" */
HIDDEN unsigned int arc4random(void) /* 2.36 */
{
    unsigned int value;
    while (syscall(SYS_getrandom, &value, sizeof value, 0) != sizeof value)
        ;
    return value;
}
HIDDEN unsigned long __isoc23_strtoul(const char *text, char **end, int base) /* 2.38 */
{
    return strtoul(text, end, base);
}
"""

# Its own folder comes before GCC's: what was found out about the C library GCC was built with, put right.
_CXX_CONFIG = """\
#include_next <bits/c++config.h>
#if defined __GLIBC__ && !__GLIBC_PREREQ(2, 30)
#undef _GLIBCXX_USE_PTHREAD_COND_CLOCKWAIT
#undef _GLIBCXX_USE_PTHREAD_MUTEX_CLOCKLOCK
#undef _GLIBCXX_USE_PTHREAD_RWLOCK_CLOCKLOCK
#endif
#if defined __GLIBC__ && !__GLIBC_PREREQ(2, 36)
#undef _GLIBCXX_USE_UCHAR_C8RTOMB_MBRTOC8_CXX20
#undef _GLIBCXX_USE_UCHAR_C8RTOMB_MBRTOC8_FCHAR8_T
#endif
"""


def foreign_arguments(support: Path, *, library_dirs: Sequence[Path]) -> tuple[str, ...]:
    """Return what GCC is told besides ``--sysroot``, for every language, compiling and linking.

    ``support`` is the folder that :func:`write_support` filled. ``library_dirs`` are the sysroot's, first searched
    first; Debian's GCC by itself does not know all of them (``usr/lib64``).
    """
    folders = tuple(dict.fromkeys(folder.resolve() for folder in library_dirs))  # lib64 is usr/lib64 on most systems
    return (
        *(f"-B{folder}" for folder in (support, *folders)),
        *(f"-Wl,-rpath-link,{folder}" for folder in folders),
        f"-Wl,--exclude-libs,{_STATIC}",
    )


def write_support(  # noqa: PLR0913 - what GCC and the sysroot have, and the seam for tests
    folder: Path,
    *,
    cc: Path,
    ar: Path,
    sysroot: Path,
    libstdcxx: Path | None,
    libgcc: Path | None,
    run: Run = run_command,
) -> None:
    """Fill the empty ``folder`` with what makes GCC (its C compiler ``cc``) fit the C library in ``sysroot``.

    ``libstdcxx`` and ``libgcc`` are the sysroot's ``libstdc++.so.6`` and ``libgcc_s.so.1``; GCC's own take the place of
    those it does not have. Raises :class:`ToolchainError` if GCC cannot compile for the sysroot.
    """
    source, member = folder / "compat.c", folder / "compat.o"
    source.write_text(_COMPATIBILITY_SOURCE, "utf-8")
    for command in (
        (str(cc), f"--sysroot={sysroot}", "-O2", "-fPIC", "-c", source.name, "-o", member.name),
        (str(ar), "rcD", _COMPATIBILITY, member.name),
    ):
        result = run(command, cwd=folder)
        if result.status != 0:
            raise ToolchainError(
                f"{cc.name} cannot compile for the C library in {sysroot}",
                hint="a sysroot needs the C library's development files (Debian: libc6-dev, Red Hat: glibc-devel)",
                details=result.output.strip() or None,
            )
    source.unlink()
    member.unlink()
    for name, script, library in (("libstdc++.so", _LIBSTDCXX, libstdcxx), ("libgcc_s.so", _LIBGCC, libgcc)):
        if library is not None:
            (folder / name).write_text(script.format(library=library), "utf-8")
    (folder / "include" / "bits").mkdir(parents=True)
    (folder / "include" / "bits" / "c++config.h").write_text(_CXX_CONFIG, "utf-8")
