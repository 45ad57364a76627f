"""GCC's command line in zig's words.

Builds hand a compiler what GCC and GNU ld take. ``zig cc`` rejects some of it outright, even where ignoring it would
change nothing but speed, a warning or a report: only that is dropped here. An option that changes what the program
means and that zig cannot do is left in, so that zig refuses it and feature tests get an honest answer.

The wrapper imports this module at every call of the compiler, so it imports nothing itself.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would cost a third of the wrapper's time
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class UnsupportedOptionError(Exception):
    """An option zig would accept, and then build something that does not work."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# GCC's optimisation and diagnostic switches that clang does not know, by what follows -f or -fno-.
_GCC_SWITCHES = _words(
    """
    abi-compat-version abi-version aggressive-loop-optimizations allow-store-data-races analyzer branch-probabilities
    callgraph-info canon-prefix-map code-hoisting compare-debug compare-elim conserve-stack cprop-registers
    crossjumping cse-follow-jumps dce devirtualize-at-ltrans devirtualize-speculatively diagnostics-path-format
    diagnostics-show-caret diagnostics-urls dse early-inlining emit-class-debug-always forward-propagate gnu-unique
    graphite graphite-identity guess-branch-probability hardened hoist-adjacent-loads if-conversion if-conversion2
    indirect-inlining inline-small-functions lifetime-dse live-range-shrinkage lra-remat lto-compression-level
    lto-partition lto-report optimize-strlen partial-inlining peephole2 predictive-commoning printf-return-value
    profile-partial-training profile-reorder-functions ree reorder-blocks reorder-blocks-algorithm
    reorder-blocks-and-partition reorder-functions rerun-cse-after-loop section-anchors selective-scheduling
    selective-scheduling2 shrink-wrap simd-cost-model ssa-phiopt stdarg-opt store-merging thread-jumps use-linker-plugin
    unconstrained-commons unswitch-loops var-tracking var-tracking-assignments vect-cost-model
    """
)
_GCC_SWITCH_FAMILIES = ("dump-", "ipa-", "ira-", "isolate-", "loop-", "sched-", "sel-sched-", "tree-")
_CLANG_SWITCHES = frozenset(("tree-slp-vectorize", "tree-vectorize"))

_DROPPED = frozenset(("-static-libgcc", "-shared-libgcc", "-static-libstdc++", "-fuse-linker-plugin"))
_DROPPED_PREFIXES = ("-mtune=", "-specs=", "--specs=", "--target=", "--sysroot=", "--param=")
_DROPPED_WITH_OPERAND = frozenset(("-target", "--sysroot", "-isysroot", "--param"))
_WITH_OPERAND = _words(
    "-o -x -D -U -L -l -include -imacros -idirafter -iquote -MF -MT -MQ -Xclang -Xassembler -Xpreprocessor"
)
_ONLY_FOR = {"-fcf-protection": "x86_64", "-mbranch-protection": "aarch64"}
_OPENMP = ("-fopenmp", "-fopenacc", "-fgnu-tm")


def expand_response_files(args: Sequence[str]) -> list[str]:
    """Return ``args`` with each ``@file`` replaced by what the file has; one that cannot be read stays as it is."""
    out: list[str] = []
    for word in args:
        if word.startswith("@"):
            try:
                with open(word[1:], encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123 - no pathlib
                    text = file.read()
            except OSError:
                out.append(word)
            else:
                out.extend(expand_response_files(split_response(text)))
        else:
            out.append(word)
    return out


def split_response(text: str) -> list[str]:
    """Split a response file as GCC does: quotes of both kinds, and a backslash that makes any character plain."""
    words: list[str] = []
    word: str | None = None
    quote = ""
    characters = iter(text)
    for character in characters:
        if character == "\\":
            word = (word or "") + next(characters, "")
        elif quote:
            quote = "" if character == quote else quote
            word = (word or "") + (character if quote else "")
        elif character in "\"'":
            quote, word = character, word or ""
        elif not character.isspace():
            word = (word or "") + character
        elif word is not None:
            words.append(word)
            word = None
    return words if word is None else [*words, word]


def translate_args(args: Sequence[str], *, arch: str) -> list[str]:
    """Return ``args``, a command line for GCC without response files, as ``zig cc`` takes it.

    ``arch`` is the first part of the zig target triple (``riscv64``).
    Raises :class:`UnsupportedOptionError` where zig would build something that does not work.
    """
    out: list[str] = []
    linker = _Linker()
    words = iter(args)
    for word in words:
        if word == "-Xlinker":
            linker.words.append(next(words, ""))
        elif word.startswith("-Wl,"):
            linker.words.extend(word.split(",")[1:])
        elif word in ("-z", "-u"):
            linker.words.extend((word, next(words, "")))
        elif word.startswith("-R"):
            linker.words.extend(("-rpath", word[2:] or next(words, "")))
        elif word in ("-symbolic", "-Bsymbolic"):
            linker.words.append("-Bsymbolic")
        else:
            out.extend(linker.flush())  # here, because --whole-archive and the like count from their place on
            out.extend(_driver_option(word, words, arch))
    out.extend(linker.flush())
    return out


def _driver_option(word: str, words: Iterator[str], arch: str) -> Sequence[str]:
    if word in _WITH_OPERAND:
        return (word, *_take(words))
    if word in _DROPPED_WITH_OPERAND:
        _take(words)
        return ()
    if word.startswith(("-I", "-isystem")):
        return _include(word, words)
    return _single_word(word, arch)


def _single_word(word: str, arch: str) -> Sequence[str]:
    if word in _DROPPED or word.startswith(_DROPPED_PREFIXES):
        return ()
    if word.startswith("-Wp,"):
        return _preprocessor(word)
    if word.startswith("-f"):
        return _switch(word, arch)
    if word.startswith("-m"):
        return _machine_option(word, arch)
    return ("-rdynamic",) if word == "-export-dynamic" else (word,)


def _take(words: Iterator[str]) -> tuple[str, ...]:
    word = next(words, None)
    return () if word is None else (word,)


def _include(word: str, words: Iterator[str]) -> Sequence[str]:
    """A sysroot's /usr/include goes after zig's own C library: in front of it, the two would mix."""
    option = "-isystem" if word.startswith("-isystem") else "-I"
    folder = word[len(option) :] or next(words, "")
    parts = [part for part in folder.split("/") if part not in ("", ".")]
    if parts[-2:] == ["usr", "include"] or parts[-3:-1] == ["usr", "include"]:
        is_multiarch = parts[-1] == "include" or "-linux-" in parts[-1]
        return ("-idirafter" if is_multiarch else option, folder)
    return (option, folder)


def _preprocessor(word: str) -> Sequence[str]:
    if word.startswith("-Wp,-M"):  # zig knows -MD, -MMD and -MT here, with the operands after further commas
        return (word,)
    return word.split(",")[1:]


def _switch(word: str, arch: str) -> Sequence[str]:
    switch, _, value = word.partition("=")
    if switch in _OPENMP:
        raise UnsupportedOptionError(f"zig has no run-time library for {word}; use --toolchain gcc for this project")
    if switch == "-flto":
        return ("-flto=thin",) if value == "thin" else ("-flto",)
    if arch != _ONLY_FOR.get(switch, arch):
        return ()
    name = switch[2:].removeprefix("no-")
    if name in _GCC_SWITCHES or (name.startswith(_GCC_SWITCH_FAMILIES) and name not in _CLANG_SWITCHES):
        return ()
    return (word,)


def _machine_option(word: str, arch: str) -> Sequence[str]:
    option, _, value = word.partition("=")
    if arch != _ONLY_FOR.get(option, arch):
        return ()
    if option not in ("-march", "-mcpu") or not value:
        return (word,)
    cpu = _cpu(option, value, arch)
    return (word,) if cpu is None else (f"-mcpu={cpu}",) if cpu else ()


def _cpu(option: str, value: str, arch: str) -> str | None:
    """Return zig's name for GCC's CPU or architecture, empty for the default, or None to leave it to zig."""
    base, *extensions = value.split("+")
    if base == "native" or arch == "s390x":
        return None
    if arch.startswith("riscv") and option == "-march":
        return _riscv_isa(value)
    if arch == "powerpc64le":
        number = base.removeprefix("power")
        return f"pwr{number}" if number.isdigit() else {"powerpc64le": ""}.get(base)
    if arch == "loongarch64" and base == "loongarch64":
        return ""
    if arch in ("aarch64", "arm") and base.startswith("armv"):
        base = "generic+v" + base[4:].replace("-", "").replace(".", "_")
    return base.replace("-", "_") + "".join(_arm_extension(name, arch) for name in extensions)


_ARM_FEATURES = {
    "aarch64": {
        "fp": "fp_armv8",
        "fp16": "fullfp16",
        "simd": "neon",
        "profile": "spe",
        "rng": "rand",
        "memtag": "mte",
        "jscvt": "jsconv",
        "fcma": "complxnum",
    },
    "arm": {"fp": "vfp3d16", "vfpv3-d16": "vfp3d16", "vfpv3": "vfp3", "vfpv4": "vfp4", "simd": "neon"},
}


def _arm_extension(name: str, arch: str) -> str:
    """``+fp16`` and ``+nofp16`` as LLVM's features, which zig spells with underscores."""
    sign = "-" if name.startswith("no") else "+"
    name = name.removeprefix("no")
    return sign + _ARM_FEATURES.get(arch, {}).get(name, name).replace("-", "_")


def _riscv_isa(isa: str) -> str | None:
    """``rv64gcv_zba`` -> ``generic_rv64+i+m+a+f+d+zicsr+zifencei+c+v+zba``; None if it is not an ISA string."""
    bits = isa[2:4]
    if not isa.startswith("rv") or bits not in ("32", "64"):
        return None
    letters, *extensions = isa[4:].split("_")
    features: list[str] = []
    for position, letter in enumerate(letters):
        if letter in "zsx":  # the rest is one extension with a long name
            extensions.insert(0, letters[position:])
            break
        if letter == "g":
            features += ["i", "m", "a", "f", "d", "zicsr", "zifencei"]
        elif letter.isalpha() and not (letter == "p" and letters[position - 1].isdigit()):  # versions: i2p1
            features.append(letter)
    features += [_without_version(name) for name in extensions if name]
    return "+".join([f"generic_rv{bits}", *features])


def _without_version(extension: str) -> str:
    name = extension.rstrip("0123456789")
    has_version = name != extension and name.endswith("p") and name[-2:-1].isdigit()  # zba1p0
    return name[:-1].rstrip("0123456789") if has_version else extension


# What GNU ld has to say about speed, warnings, reports and the layout of the file, without leading dashes.
_LINKER_NOISE = _words(
    """
    X discard-locals t trace verbose stats cref demangle no-demangle Bsymbolic-functions Bsymbolic-non-weak-functions
    no-copy-dt-needed-entries copy-dt-needed-entries add-needed no-add-needed no-keep-memory reduce-memory-overheads
    threads no-threads relax no-relax gdb-index no-ld-generated-unwind-info no-omagic error-unresolved-symbols
    dynamic-list-data icf hash-size package-metadata plugin-opt
    """
)
_LINKER_NOISE_PREFIXES = ("warn-", "no-warn-", "fix-cortex-", "no-fix-cortex-", "melf")
# The same with an operand, `=operand` or the next word. Hiding a static library's symbols is only tidiness.
_LINKER_NOISE_OPERANDS = _words("rpath-link exclude-libs Map m retain-symbols-file sysroot plugin")
_LINKER_OPERANDS = _words(
    """
    rpath soname h R z u undefined e entry version-script dynamic-list defsym wrap T script init fini dynamic-linker
    """
)
_TAKES_NEXT = _LINKER_OPERANDS | _LINKER_NOISE_OPERANDS | {"L", "l"}
_LAYOUT_KEYWORDS = _words(
    "text combreloc nocombreloc separate-code noseparate-code pack-relative-relocs nopack-relative-relocs"
)
_STATES = (
    {"as-needed": "--as-needed", "no-as-needed": "--no-as-needed"},
    {"whole-archive": "--whole-archive", "no-whole-archive": "--no-whole-archive"},
    {"Bstatic": "-Bstatic", "dn": "-Bstatic", "static": "-Bstatic", "Bdynamic": "-Bdynamic", "dy": "-Bdynamic"},
)
_RENAMED = {"(": "--start-group", ")": "--end-group", "z": "-z", "h": "-soname", "R": "-rpath", "undefined": "-u"}


class _Linker:
    """The words for the linker that stand together, and what ``--push-state`` has to remember."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._state = ["--no-as-needed", "--no-whole-archive", "-Bdynamic"]
        self._stack: list[list[str]] = []

    def flush(self) -> Iterator[str]:
        """Yield the collected words as options of the driver, and forget them."""
        words = iter(self.words)
        self.words = []
        for word in words:
            yield from self._option(word, words)

    def _option(self, word: str, words: Iterator[str]) -> Sequence[str]:
        if not word.startswith("-"):
            return (word,) if word else ()  # an input file: zig takes it only as the driver's
        name, equals, value = word.lstrip("-").partition("=")
        if word.startswith("-z") and word != "-z":  # -zrelro
            name, value = "z", word[2:]
        elif name in _TAKES_NEXT and not equals:
            value = next(words, "")
        if _is_noise(name):
            return ()
        if name in ("push-state", "pop-state"):
            return self._push_or_pop(name)
        for index, states in enumerate(_STATES):
            self._state[index] = states.get(name, self._state[index])
        return _linker_option(word, name, value)

    def _push_or_pop(self, name: str) -> Sequence[str]:
        if name == "push-state":
            self._stack.append(list(self._state))
            return ()
        if self._stack:
            self._state = self._stack.pop()
        return [f"-Wl,{option}" for option in self._state]


def _is_noise(name: str) -> bool:
    is_level = name[:1] == "O" and name[1:].isdigit()
    return is_level or name in _LINKER_NOISE | _LINKER_NOISE_OPERANDS or name.startswith(_LINKER_NOISE_PREFIXES)


def _linker_option(word: str, name: str, value: str) -> Sequence[str]:
    is_short = not word.startswith("--")
    if name in ("L", "l") or (is_short and name.startswith(("L", "l"))):
        return (f"-{name[0]}{value or name[1:]}",)
    if name in ("shared", "Bshareable"):
        return ("-shared",)
    if name == "z" and value in _LAYOUT_KEYWORDS:
        return ()
    if name == "unresolved-symbols":
        return ("-Wl,-z,undefs" if value.startswith("ignore") else "-Wl,-z,defs",)
    if is_short and name.startswith("R"):
        name, value = "R", value or name[1:]
    return _to_linker(_RENAMED.get(name) or word.partition("=")[0], value if name in _LINKER_OPERANDS else "", word)


def _to_linker(option: str, operand: str, word: str) -> Sequence[str]:
    if operand:
        return ("-Xlinker", option, "-Xlinker", operand) if "," in operand else (f"-Wl,{option},{operand}",)
    whole = option if "=" not in word else word
    return ("-Xlinker", whole) if "," in whole else (f"-Wl,{whole}",)
