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

# Scripts for the linker, by the name of the library whose place they take: before those of GCC, and of the sysroot.
_SHARED = f'INPUT ( "{{shared}}" "{{static}}" AS_NEEDED ( -lpthread -lc ) -l:{_COMPATIBILITY} )\n'
_SHARED_LIBGCC = 'GROUP ( "{shared}" -lgcc )\n'
_ARCHIVE = f'INPUT ( "{{static}}" -l:{_COMPATIBILITY} )\n'

# What the static libraries of Debian's GCC 12 and 14 take from C libraries newer than 2.31, and older ones lack.
_COMPATIBILITY_SOURCE = """\
#define _GNU_SOURCE
#include <link.h>
#include <sys/syscall.h>
#include <unistd.h>
#define HIDDEN __attribute__((visibility("hidden")))

HIDDEN char __libc_single_threaded; /* 2.32: 0 is "there may be threads" */

/* 2.35: libgcc_eh.a looks for the unwinding tables of the code at an address, and takes only these from the answer. */
struct found { unsigned long long flags; void *map_start, *map_end, *link_map, *eh_frame; };
struct search { ElfW(Addr) address; struct found *found; };

static int look(struct dl_phdr_info *info, size_t size, void *data)
{
    struct search *search = data;
    void *eh_frame = 0;
    int inside = 0;
    (void)size;
    for (int n = 0; n < info->dlpi_phnum; n++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[n];
        ElfW(Addr) start = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_LOAD)
            inside |= search->address >= start && search->address - start < segment->p_memsz;
        else if (segment->p_type == PT_GNU_EH_FRAME)
            eh_frame = (void *)start;
    }
    if (inside)
        search->found->eh_frame = eh_frame;
    return inside && eh_frame;
}

/* By another name here: a C library that has it declares it, with a type of its own. */
HIDDEN int find_object(void *address, struct found *found) __asm__("_dl_find_object");
HIDDEN int find_object(void *address, struct found *found)
{
    struct search search = {(ElfW(Addr))address, found};
    return dl_iterate_phdr(look, &search) ? 0 : -1;
}

HIDDEN unsigned int arc4random(void) /* 2.36 */
{
    unsigned int value;
    while (syscall(SYS_getrandom, &value, sizeof value, 0) != sizeof value)
        ;
    return value;
}

unsigned long strtoul(const char *, char **, int);
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

    def succeed(*command: str) -> str:
        result = run(command, cwd=folder)
        if result.status != 0:
            raise ToolchainError(
                f"{cc.name} cannot compile for the C library in {sysroot}",
                hint="a sysroot needs the C library's development files (Debian: libc6-dev, Red Hat: glibc-devel)",
                details=result.output.strip() or None,
            )
        return result.output.strip()

    succeed(str(cc), f"--sysroot={sysroot}", "-O2", "-fPIC", "-c", source.name, "-o", member.name)
    succeed(str(ar), "rcD", _COMPATIBILITY, member.name)
    source.unlink()
    member.unlink()
    for name in (_STATIC, "libgcc_eh.a"):
        static = succeed(str(cc), f"-print-file-name={name}")
        (folder / name).write_text(_ARCHIVE.format(static=static), "utf-8")
        if name == _STATIC and libstdcxx is not None:
            (folder / "libstdc++.so").write_text(_SHARED.format(shared=libstdcxx, static=static), "utf-8")
    if libgcc is not None:
        (folder / "libgcc_s.so").write_text(_SHARED_LIBGCC.format(shared=libgcc), "utf-8")
    (folder / "include" / "bits").mkdir(parents=True)
    (folder / "include" / "bits" / "c++config.h").write_text(_CXX_CONFIG, "utf-8")
