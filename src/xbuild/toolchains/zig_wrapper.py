"""The program behind the zig toolchain's wrappers, run as a file by xbuild's own interpreter.

``zig_wrapper.py ZIG MODE TRIPLET ZIG_TARGET [FIXED...] -- [ARGUMENT...]``: MODE is ``cc`` or ``c++``, TRIPLET the GNU
triplet the compiler claims to be for, ZIG_TARGET zig's, with the glibc version. It runs at every call of the compiler
with ``-I -S`` and is to take a few milliseconds: no imports but sys, os and the translation.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING or __package__:
    from xbuild.toolchains.zig_args import UnsupportedOptionError, expand_response_files, translate_args
else:  # run as a file: take the module beside it without importing the package, which takes longer
    sys.path.insert(0, os.path.dirname(__file__))  # noqa: PTH120 - pathlib is slow to import
    from zig_args import UnsupportedOptionError, expand_response_files, translate_args

_COMPILE_ONLY = frozenset(("-c", "-S", "-E", "-M", "-MM", "-fsyntax-only", "-r"))
_QUESTIONS = ("-dumpversion", "-print-", "--print-", "--version", "--help")
# Plain -g is in the flags every CPython was built with, so it does not say that anyone wants debug information.
_DEBUG = ("-g1", "-g2", "-g3", "-ggdb", "-gdwarf", "-gsplit-dwarf")


def command_line(argv: list[str]) -> list[str]:
    """Return zig's command line for the arguments of this program."""
    zig, mode, _triplet, target = argv[:4]
    rest = argv[4:]
    split = rest.index("--")
    fixed, arguments = rest[:split], rest[split + 1 :]
    arch = target.partition("-")[0]
    arguments = ["-dumpversion" if word == "-dumpfullversion" else word for word in arguments]
    if any(word.startswith(_QUESTIONS) for word in arguments) or set(arguments) <= {"-v", "-###"}:
        # Here zig hands the target on to clang, which does not know the glibc version in it.
        return [zig, mode, "-target", target.partition(".")[0], *arguments]
    if "-" in arguments and "-x" not in arguments:  # GCC takes its own language for standard input; zig wants to know
        arguments = ["-x", "c++" if mode == "c++" else "c", *arguments]
    arguments = translate_args(expand_response_files(arguments), arch=arch)
    if _COMPILE_ONLY.isdisjoint(arguments):
        # In a link, -Os only makes zig build libc++ once more, for size: minutes.
        arguments = ["-O2" if word in ("-Os", "-Oz") else word for word in arguments]
        if not any(word.startswith(_DEBUG) for word in arguments):
            arguments.append("-s")  # last, because a -g after it would take it back
    return [zig, mode, "-target", target, *fixed, *arguments]


def main(argv: list[str]) -> int:
    """Replace this process by zig, or answer what only the wrapper knows."""
    if argv[-1] in ("-dumpmachine", "-print-multiarch"):
        sys.stdout.write(f"{argv[2]}\n")
        return 0
    try:
        command = command_line(argv)
    except (UnsupportedOptionError, OSError) as error:
        sys.stderr.write(f"xbuild: error: {error}\n")
        return 1
    return os.execv(command[0], command)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
