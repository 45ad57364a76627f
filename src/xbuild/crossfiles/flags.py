"""Which of the flags a Python was built with are right for compiling extensions elsewhere."""

from __future__ import annotations

import re

# Options whose value is the next word: folders and machines of where the Python was built.
_WITH_NEXT_WORD = frozenset(
    {"-B", "-I", "-L", "-arch", "-idirafter", "-imacros", "-include", "-iquote", "-isysroot", "-isystem"}
    | {"-target", "--sysroot"}
)

_DROPPED = re.compile(
    r"""
    -[BIL].+                                # folders of the machine that built the Python
  | -(?:isysroot|isystem|idirafter|iquote).+
  | --sysroot=.* | --target=.* | -specs=.* | -fplugin.*
  | -Wl,(?:-rpath|--rpath|-R|-L|--sysroot|-dynamic-linker|--dynamic-linker).*
  | -f(?:file|debug|macro|profile|coverage)-(?:prefix-map|compilation-dir)=.*
  | -fdebug-default-version=.*              # clang's alone
  | -f(?:no-)?lto(?:=.*)? | -ffat-lto-objects | -f(?:no-)?use-linker-plugin | -fuse-ld=.*
  | -f(?:no-)?profile.* | -f(?:no-)?branch-probabilities | -f(?:no-)?test-coverage
  | -fcf-protection(?:=.*)?                 # x86's alone
  | -m.*                                    # the machine: the toolchain's decision, and a wheel's is the baseline
    """,
    re.VERBOSE,
)


def clean_flags(flags: str) -> str:
    """Return ``flags`` without those that only fit the machine, compiler or folders the Python was built with.

    Language, warning, optimisation and hardening flags stay, in their order.
    """
    kept = []
    words = iter(flags.split())
    for word in words:
        if word in _WITH_NEXT_WORD:
            next(words, None)
        elif not _DROPPED.fullmatch(word):
            kept.append(word)
    return " ".join(kept)
