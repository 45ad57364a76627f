"""autoconf's ``CONFIG_SITE``: makes a plain ``./configure`` a cross build, and answers what only running could tell.

Many packages run ``./configure`` of a library they carry, with CC from the environment and no ``--host``. configure
then compiles a program of the target, tries to run it, and gives up (or worse, succeeds under binfmt_misc).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xbuild.crossfiles import quoting

if TYPE_CHECKING:
    from xbuild.crossfiles.layout import Layout
    from xbuild.crossfiles.spec import CrossSpec

# True of every Linux libc of this century. gnulib's own questions (gl_cv_*) are left to its own guesses.
_ANSWERS = {
    "ac_cv_file__dev_ptc": "no",
    "ac_cv_file__dev_ptmx": "yes",
    "ac_cv_file__dev_random": "yes",
    "ac_cv_file__dev_urandom": "yes",
    "ac_cv_func_calloc_0_nonnull": "yes",
    "ac_cv_func_chown_works": "yes",
    "ac_cv_func_fnmatch_works": "yes",
    "ac_cv_func_fork_works": "yes",
    "ac_cv_func_getgroups_works": "yes",
    "ac_cv_func_lstat_dereferences_slashed_symlink": "yes",
    "ac_cv_func_lstat_empty_string_bug": "no",
    "ac_cv_func_malloc_0_nonnull": "yes",
    "ac_cv_func_memcmp_working": "yes",
    "ac_cv_func_mmap_fixed_mapped": "yes",
    "ac_cv_func_posix_getgrgid_r": "yes",
    "ac_cv_func_posix_getpwuid_r": "yes",
    "ac_cv_func_realloc_0_nonnull": "yes",
    "ac_cv_func_setpgrp_void": "yes",
    "ac_cv_func_stat_empty_string_bug": "no",
    "ac_cv_func_strcoll_works": "yes",
    "ac_cv_func_strtod": "yes",
    "ac_cv_func_strnlen_working": "yes",
    "ac_cv_func_utime_null": "yes",
    "ac_cv_func_vfork_works": "yes",
    "ac_cv_func_working_mktime": "yes",
    "glib_cv_stack_grows": "no",
    "glib_cv_uscore": "no",
}

_SITE = """\
# autoconf site file for {description}. Use: CONFIG_SITE=FILE ./configure
# configure reads it before its first test. One that was told to build for another machine (a program that runs
# during the build) is left alone.
if test -z "$host_alias" || test "$host_alias" = {triplet}; then
  host_alias={triplet}
  host=$host_alias
  ac_tool_prefix=$host_alias-
  cross_compiling=yes
{answers}fi
"""


def render(spec: CrossSpec, _layout: Layout) -> str:
    """Return the site file. autoconf splits CONFIG_SITE at spaces, so its path must have none."""
    compilers = {"CXX": spec.toolchain.cxx, "FC": spec.toolchain.fc, "F77": spec.toolchain.fc}
    # libtool's own word for a language without a compiler, for which configure would take the build machine's.
    missing = {name: "no" for name, path in compilers.items() if path is None}
    answers = "".join(f"  : ${{{name}={value}}}\n" for name, value in (missing | _ANSWERS).items())
    return _SITE.format(
        description=spec.target.description, triplet=quoting.shell(spec.target.triplet), answers=answers
    )
