"""Every problem ``xbuild details check`` knows, under a code that never changes its meaning.

Errors break a MUST of the specification or contradict the installation; warnings break a SHOULD or trip up known
readers; notes are worth knowing. The documentation's page about each is generated from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SPECIFICATION = "https://packaging.python.org/en/latest/specifications/build-details/v1.0/"
_ISSUES = "https://github.com/python/cpython/issues"
_CROSS = ("cpython#136267", f"{_ISSUES}/136267")


class Severity(StrEnum):
    """How bad a finding is, worst first."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """One kind of problem. ``reference`` names what it goes by and ``url`` leads there."""

    id: str
    severity: Severity
    title: str
    explanation: str
    reference: str = "PEP 739"
    url: str = SPECIFICATION


def _spec(key: str) -> str:
    return f"PEP 739, {key}"


_TABLE = (
    # Reading
    Code(
        id="XBD101",
        severity=Severity.ERROR,
        title="The file cannot be read",
        explanation="It is missing, unreadable, not UTF-8, or too large or too deeply nested to be a real file.",
        reference=_spec("format"),
    ),
    Code(
        id="XBD102",
        severity=Severity.ERROR,
        title="The file is not JSON",
        explanation="It is empty, was truncated, or has something JSON does not allow, such as NaN.",
        reference="RFC 8259",
        url="https://www.rfc-editor.org/rfc/rfc8259",
    ),
    Code(
        id="XBD103",
        severity=Severity.ERROR,
        title="A key is there twice",
        explanation="JSON readers disagree on which of the two values counts, so such a file has no one meaning.",
        reference="RFC 8259, section 4",
        url="https://www.rfc-editor.org/rfc/rfc8259#section-4",
    ),
    Code(
        id="XBD104",
        severity=Severity.ERROR,
        title="The major version of the format is unknown",
        explanation="Another major version may give the same keys other meanings, so a reader must refuse the file.",
        reference=_spec("schema_version"),
    ),
    Code(
        id="XBD105",
        severity=Severity.WARNING,
        title="The minor version of the format is newer",
        explanation="Readers of 1.0 can use the file, but ignore what the newer version added.",
        reference=_spec("schema_version"),
    ),
    Code(
        id="XBD106",
        severity=Severity.WARNING,
        title="The file does not have the standard name",
        explanation=(
            "The specification has one file, `build-details.json`, in the platform-independent standard library "
            "directory. Debian adds the ABI flags and the triplet to the name, so that several architectures can "
            "share the directory; tools that look for the standard name (maturin) do not find it."
        ),
        reference=_spec("location"),
        url="https://peps.python.org/pep-0739/",
    ),
    Code(
        id="XBD107",
        severity=Severity.ERROR,
        title="The file's name contradicts its content",
        explanation="The flags or the triplet in a name such as `build-details.t.riscv64-linux-gnu.json` are others "
        "than the content's.",
        reference=_spec("location"),
        url="https://peps.python.org/pep-0739/",
    ),
    # Schema
    Code(
        id="XBD110",
        severity=Severity.ERROR,
        title="A required key is missing",
        explanation="The schema requires the key wherever its object is there.",
        reference=_spec("schema"),
    ),
    Code(
        id="XBD111",
        severity=Severity.ERROR,
        title="A value has the wrong type",
        explanation="The schema, or the text of the specification where the schema is silent, gives the key a type.",
        reference=_spec("schema"),
    ),
    Code(
        id="XBD112",
        severity=Severity.ERROR,
        title="A key is unknown",
        explanation="Version 1.0 allows no other keys here; implementation-specific ones belong under "
        "`implementation` (with an underscore) or `arbitrary_data`.",
        reference=_spec("schema"),
    ),
    Code(
        id="XBD113",
        severity=Severity.ERROR,
        title="A value is not one of those allowed",
        explanation="`releaselevel`, for one, is alpha, beta, candidate or final.",
        reference=_spec("schema"),
    ),
    Code(
        id="XBD114",
        severity=Severity.ERROR,
        title="A key has the name it had in a draft",
        explanation="`c_api.include` became `c_api.headers`, and `interpreter.path` became `base_interpreter`, before "
        "version 1.0. Early CPython 3.14 builds wrote the old names.",
        reference=_spec("c_api.headers, base_interpreter"),
    ),
    # Required by the text
    Code(
        id="XBD120",
        severity=Severity.ERROR,
        title="base_interpreter is missing",
        explanation="It MUST be present if the installation has an interpreter, and this one has.",
        reference=_spec("base_interpreter"),
    ),
    Code(
        id="XBD121",
        severity=Severity.ERROR,
        title="abi.extension_suffix is missing",
        explanation=(
            "It MUST be present if the implementation supports extension modules. CPython's generator wrote it only "
            "for builds with a shared libpython; Debian's build is static in that respect. Meson and maturin fail on "
            "such a file."
        ),
        reference=_spec("abi.extension_suffix") + "; cpython#136267",
    ),
    Code(
        id="XBD122",
        severity=Severity.ERROR,
        title="abi.stable_abi_suffix is missing",
        explanation="It MUST be present if the implementation has a stable ABI with a suffix of its own, and the list "
        "of suffixes has one. Written, and left out, together with `abi.extension_suffix`.",
        reference=_spec("abi.stable_abi_suffix") + "; cpython#136267",
    ),
    Code(
        id="XBD123",
        severity=Severity.ERROR,
        title="suffixes is missing or incomplete",
        explanation="It MUST be present if the installation can import files, with the lists of `importlib.machinery`.",
        reference=_spec("suffixes"),
    ),
    Code(
        id="XBD124",
        severity=Severity.ERROR,
        title="libpython.dynamic is missing",
        explanation="It MUST be present if the installation has a shared libpython. Debian builds the interpreter "
        "without one and the library in a second build, so the interpreter's generator knows nothing of it.",
        reference=_spec("libpython.dynamic"),
    ),
    Code(
        id="XBD125",
        severity=Severity.ERROR,
        title="libpython.dynamic_stableabi is missing",
        explanation="It MUST be present if the installation has a shared libpython for the stable ABI.",
        reference=_spec("libpython.dynamic_stableabi"),
    ),
    Code(
        id="XBD126",
        severity=Severity.ERROR,
        title="libpython.static is missing",
        explanation="It MUST be present if the installation has a static libpython.",
        reference=_spec("libpython.static"),
    ),
    Code(
        id="XBD127",
        severity=Severity.ERROR,
        title="libpython.link_extensions is missing",
        explanation="It MUST be present if the installation has a shared libpython. Meson reads it unconditionally.",
        reference=_spec("libpython.link_extensions"),
    ),
    Code(
        id="XBD128",
        severity=Severity.ERROR,
        title="c_api is missing",
        explanation="It MUST be present if the implementation has a C API, and the installation has its headers.",
        reference=_spec("c_api"),
    ),
    Code(
        id="XBD129",
        severity=Severity.ERROR,
        title="c_api.pkgconfig_path is missing",
        explanation="It MUST be present if the installation has pkg-config files.",
        reference=_spec("c_api.pkgconfig_path"),
    ),
    # Contradictions within the file
    Code(
        id="XBD130",
        severity=Severity.ERROR,
        title="platform is empty",
        explanation="Builds cross-compiled without `_PYTHON_HOST_PLATFORM` write an empty string.",
        reference=_spec("platform") + "; cpython#140266",
        url=f"{_ISSUES}/140266",
    ),
    Code(
        id="XBD131",
        severity=Severity.ERROR,
        title="abi.flags and the extension suffix disagree",
        explanation="The flags MUST be those of the suffix, in its order: `t` belongs with `.cpython-314t-….so`.",
        reference=_spec("abi.flags"),
    ),
    Code(
        id="XBD132",
        severity=Severity.ERROR,
        title="dynamic_stableabi without dynamic",
        explanation="If `libpython.dynamic_stableabi` is present, `libpython.dynamic` MUST be too.",
        reference=_spec("libpython.dynamic_stableabi"),
    ),
    Code(
        id="XBD133",
        severity=Severity.ERROR,
        title="link_extensions is true without a shared libpython",
        explanation="There is nothing to link to: the key MUST be left out, or is at most false, if there is no "
        "`libpython.dynamic`.",
        reference=_spec("libpython.link_extensions"),
    ),
    Code(
        id="XBD134",
        severity=Severity.ERROR,
        title="The versions disagree",
        explanation="`language.version` is the major and minor version of `language.version_info`, and for CPython "
        "those of `implementation.version` and `implementation.cache_tag`; `implementation.hexversion` encodes "
        "`implementation.version`.",
        reference=_spec("language, implementation"),
    ),
    Code(
        id="XBD135",
        severity=Severity.WARNING,
        title="The implementation's name is not in lower case",
        explanation="`sys.implementation.name` is lower case by PEP 421.",
        reference="PEP 421",
        url="https://peps.python.org/pep-0421/#required-attributes",
    ),
    Code(
        id="XBD136",
        severity=Severity.WARNING,
        title="An implementation attribute has no underscore",
        explanation="Attributes of `sys.implementation` that PEP 421 does not define start with an underscore.",
        reference="PEP 421",
        url="https://peps.python.org/pep-0421/#adding-new-required-attributes",
    ),
    Code(
        id="XBD137",
        severity=Severity.ERROR,
        title="The suffixes are of different interpreters",
        explanation=(
            "`suffixes.extensions` begins with `abi.extension_suffix` and has `abi.stable_abi_suffix`. A CPython "
            "that was cross-compiled lists the build machine's suffixes, x86-64's in a file for Arm."
        ),
        reference=_CROSS[0],
        url=_CROSS[1],
    ),
    Code(
        id="XBD138",
        severity=Severity.ERROR,
        title="The file is of several machines",
        explanation="`platform`, `implementation._multiarch` and the extension suffix name different machines.",
        reference=_CROSS[0],
        url=_CROSS[1],
    ),
    Code(
        id="XBD139",
        severity=Severity.ERROR,
        title="platform is not what wheels call the machine",
        explanation=(
            "`linux-powerpc64le` is what CPython's cross Makefile says and `linux-ppc64le` what wheels and pip say; "
            "`linux-armv8l` is a 32-bit Arm program's view of a 64-bit kernel; `linux-arm` says nothing of the "
            "version. A wheel tagged with such a name installs nowhere."
        ),
        reference=_spec("platform"),
    ),
    # Contradictions to what lies beside it
    Code(
        id="XBD150",
        severity=Severity.ERROR,
        title="The version is not that of the headers",
        explanation="`patchlevel.h` (or the sysconfig variables) is of another version.",
        reference=_spec("language, implementation"),
    ),
    Code(
        id="XBD151",
        severity=Severity.ERROR,
        title="_multiarch is not that of the interpreter",
        explanation="The sysconfig variable MULTIARCH, which cross-compiling does not change, is another.",
        reference=_CROSS[0],
        url=_CROSS[1],
    ),
    Code(
        id="XBD152",
        severity=Severity.ERROR,
        title="abi.flags are not those of the interpreter",
        explanation="A cross-compiled CPython writes the flags of the interpreter that built it: a free-threaded "
        "build loses its `t`. The sysconfig variable ABIFLAGS and `pyconfig.h` know.",
        reference=_CROSS[0],
        url=_CROSS[1],
    ),
    Code(
        id="XBD153",
        severity=Severity.ERROR,
        title="A suffix is not that of the interpreter",
        explanation="The sysconfig variable EXT_SUFFIX, or the interpreter's import table, says otherwise.",
        reference=_CROSS[0],
        url=_CROSS[1],
    ),
    Code(
        id="XBD154",
        severity=Severity.ERROR,
        title="A path leads nowhere, and another is right",
        explanation="The installation has the file in another place than the path says.",
        reference=_spec("paths"),
    ),
    Code(
        id="XBD155",
        severity=Severity.NOTE,
        title="A path leads nowhere",
        explanation="What the path names is not in this tree. Distributions have headers and static libraries in "
        "packages of their own, which may not be installed.",
        reference=_spec("paths"),
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
        reference=_spec("libpython.link_extensions"),
    ),
    Code(
        id="XBD158",
        severity=Severity.ERROR,
        title="base_prefix does not lead to the installation's prefix",
        explanation="Seen from the directory of the file, a relative `base_prefix` leads elsewhere than to the prefix "
        "the standard library is in; an absolute one is not the prefix that the interpreter was built with.",
        reference=_spec("base_prefix"),
    ),
    Code(
        id="XBD159",
        severity=Severity.WARNING,
        title="implementation lacks an attribute",
        explanation="The object SHOULD be equivalent to `sys.implementation`, which has the attribute.",
        reference=_spec("implementation"),
    ),
    # The files beside it
    Code(
        id="XBD160",
        severity=Severity.ERROR,
        title="A file beside it cannot be used",
        explanation="The sysconfig variables or headers are malformed, of several interpreters, or hold code, which is "
        "never executed.",
        reference=_spec("location"),
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
        reference=_spec("c_api.headers"),
    ),
    Code(
        id="XBD163",
        severity=Severity.NOTE,
        title="pyconfig.h only includes another",
        explanation=(
            "Debian's `include/pythonX.Y/pyconfig.h` includes `<triplet/pythonX.Y/pyconfig.h>`, which a compiler for "
            "another machine finds only if it searches the folder above `c_api.headers` too."
        ),
        reference=_spec("c_api.headers"),
    ),
)

CODES: Mapping[str, Code] = MappingProxyType({code.id: code for code in _TABLE})
"""Every code by its id."""
