"""The problems that a document has with what lies beside it."""

from __future__ import annotations

from xbuild.details.codes.code import CROSS, Code, Severity, spec

TABLE = (
    # Contradictions to what lies beside it
    Code(
        id="XBD150",
        severity=Severity.ERROR,
        title="The version is not that of the headers",
        explanation="`patchlevel.h` (or the sysconfig variables) is of another version.",
        reference=spec("language, implementation"),
    ),
    Code(
        id="XBD151",
        severity=Severity.ERROR,
        title="_multiarch is not that of the interpreter",
        explanation="The sysconfig variable MULTIARCH, which cross-compiling does not change, is another.",
        reference=CROSS[0],
        url=CROSS[1],
    ),
    Code(
        id="XBD152",
        severity=Severity.ERROR,
        title="abi.flags are not those of the interpreter",
        explanation="A cross-compiled CPython writes the flags of the interpreter that built it: a free-threaded "
        "build loses its `t`. The sysconfig variable ABIFLAGS and `pyconfig.h` know.",
        reference=CROSS[0],
        url=CROSS[1],
    ),
    Code(
        id="XBD153",
        severity=Severity.ERROR,
        title="A suffix is not that of the interpreter",
        explanation="The sysconfig variable EXT_SUFFIX, or the interpreter's import table, says otherwise.",
        reference=CROSS[0],
        url=CROSS[1],
    ),
    Code(
        id="XBD154",
        severity=Severity.ERROR,
        title="A path leads nowhere, and another is right",
        explanation="There is nothing at the path, or something of another kind (a folder without `Python.h`, a static "
        "library for a shared one), and the installation has it in another place.",
        reference=spec("paths"),
    ),
    Code(
        id="XBD155",
        severity=Severity.NOTE,
        title="A path leads nowhere",
        explanation="What the key is about is not at the path in this tree. Distributions have headers and static "
        "libraries in packages of their own, which may not be installed.",
        reference=spec("paths"),
    ),
    Code(
        id="XBD156",
        severity=Severity.WARNING,
        title="base_interpreter is of another build",
        explanation="3.14.0's generator left the flags out of the name: the `python3.14` it names is not the "
        "free-threaded `python3.14t` where both are installed.",
        reference="cpython#131372",
        url="https://github.com/python/cpython/pull/142256",
    ),
    Code(
        id="XBD157",
        severity=Severity.ERROR,
        title="link_extensions is not what the interpreter's build says",
        explanation="The Makefile variable LIBPYTHON is what extension modules are linked to; on Linux it is empty.",
        reference=spec("libpython.link_extensions"),
    ),
    Code(
        id="XBD158",
        severity=Severity.ERROR,
        title="base_prefix does not lead to the installation's prefix",
        explanation="Seen from the directory of the file, a relative `base_prefix` leads elsewhere than to the prefix "
        "the standard library is in; an absolute one is not the prefix that the interpreter was built with.",
        reference=spec("base_prefix"),
    ),
    Code(
        id="XBD159",
        severity=Severity.WARNING,
        title="implementation lacks an attribute",
        explanation="The object SHOULD be equivalent to `sys.implementation`, which has the attribute.",
        reference=spec("implementation"),
    ),
    # The files beside it
    Code(
        id="XBD160",
        severity=Severity.ERROR,
        title="A file beside it cannot be used",
        explanation="The sysconfig variables or headers are malformed, of several interpreters, or hold code, which is "
        "never executed.",
        reference=spec("location"),
    ),
    Code(
        id="XBD161",
        severity=Severity.ERROR,
        title="The library is another machine's",
        explanation="The ELF header of the interpreter or of libpython is not one of the machine the file is about.",
        reference="ELF header",
        url="https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html",
    ),
    Code(
        id="XBD162",
        severity=Severity.ERROR,
        title="pyconfig.h is of another build",
        explanation="Py_GIL_DISABLED, Py_DEBUG or SIZEOF_VOID_P of `pyconfig.h` contradict the flags or the machine.",
        reference=spec("c_api.headers"),
    ),
    Code(
        id="XBD163",
        severity=Severity.NOTE,
        title="pyconfig.h only includes another",
        explanation=(
            "Debian's `include/pythonX.Y/pyconfig.h` includes `<triplet/pythonX.Y/pyconfig.h>`, which a compiler for "
            "another machine finds only if it searches the folder above `c_api.headers` too."
        ),
        reference=spec("c_api.headers"),
    ),
)
