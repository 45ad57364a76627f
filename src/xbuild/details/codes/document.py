"""The problems that a document has by itself: reading it, its schema, and what the specification's text demands."""

from __future__ import annotations

from xbuild.details.codes.code import CROSS, ISSUES, Code, Severity, spec

TABLE = (
    # Reading
    Code(
        id="XBD101",
        severity=Severity.ERROR,
        title="The file cannot be read",
        explanation="It is missing, unreadable, not UTF-8, or too large or too deeply nested to be a real file.",
        reference=spec("format"),
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
        reference=spec("schema_version"),
    ),
    Code(
        id="XBD105",
        severity=Severity.WARNING,
        title="The minor version of the format is newer",
        explanation="Readers of 1.0 can use the file, but ignore what the newer version added.",
        reference=spec("schema_version"),
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
        reference=spec("location"),
        url="https://peps.python.org/pep-0739/",
    ),
    Code(
        id="XBD107",
        severity=Severity.ERROR,
        title="The file's name contradicts its content",
        explanation="The flags or the triplet in a name such as `build-details.t.riscv64-linux-gnu.json` are others "
        "than the content's.",
        reference=spec("location"),
        url="https://peps.python.org/pep-0739/",
    ),
    # Schema
    Code(
        id="XBD110",
        severity=Severity.ERROR,
        title="A required key is missing",
        explanation="The schema requires the key wherever its object is there.",
        reference=spec("schema"),
    ),
    Code(
        id="XBD111",
        severity=Severity.ERROR,
        title="A value has the wrong type",
        explanation="The schema, or the text of the specification where the schema is silent, gives the key a type.",
        reference=spec("schema"),
    ),
    Code(
        id="XBD112",
        severity=Severity.ERROR,
        title="A key is unknown",
        explanation="Version 1.0 allows no other keys here; implementation-specific ones belong under "
        "`implementation` (with an underscore) or `arbitrary_data`.",
        reference=spec("schema"),
    ),
    Code(
        id="XBD113",
        severity=Severity.ERROR,
        title="A value is not one of those allowed",
        explanation="`releaselevel`, for one, is alpha, beta, candidate or final.",
        reference=spec("schema"),
    ),
    Code(
        id="XBD114",
        severity=Severity.ERROR,
        title="A key has the name it had in a draft",
        explanation="`c_api.include` became `c_api.headers`, and `interpreter.path` became `base_interpreter`, before "
        "version 1.0. Early CPython 3.14 builds wrote the old names.",
        reference=spec("c_api.headers, base_interpreter"),
    ),
    # Required by the text
    Code(
        id="XBD120",
        severity=Severity.ERROR,
        title="base_interpreter is missing",
        explanation="It MUST be present if the installation has an interpreter, and this one has.",
        reference=spec("base_interpreter"),
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
        reference=spec("abi.extension_suffix") + "; cpython#136267",
    ),
    Code(
        id="XBD122",
        severity=Severity.ERROR,
        title="abi.stable_abi_suffix is missing",
        explanation="It MUST be present if the implementation has a stable ABI with a suffix of its own, and the list "
        "of suffixes has one. Written, and left out, together with `abi.extension_suffix`.",
        reference=spec("abi.stable_abi_suffix") + "; cpython#136267",
    ),
    Code(
        id="XBD123",
        severity=Severity.ERROR,
        title="suffixes is missing or incomplete",
        explanation="It MUST be present if the installation can import files, with the lists of `importlib.machinery`.",
        reference=spec("suffixes"),
    ),
    Code(
        id="XBD124",
        severity=Severity.ERROR,
        title="libpython.dynamic is missing",
        explanation="It MUST be present if the installation has a shared libpython. Debian builds the interpreter "
        "without one and the library in a second build, so the interpreter's generator knows nothing of it.",
        reference=spec("libpython.dynamic"),
    ),
    Code(
        id="XBD125",
        severity=Severity.ERROR,
        title="libpython.dynamic_stableabi is missing",
        explanation="It MUST be present if the installation has a shared libpython for the stable ABI.",
        reference=spec("libpython.dynamic_stableabi"),
    ),
    Code(
        id="XBD126",
        severity=Severity.ERROR,
        title="libpython.static is missing",
        explanation="It MUST be present if the installation has a static libpython.",
        reference=spec("libpython.static"),
    ),
    Code(
        id="XBD127",
        severity=Severity.ERROR,
        title="libpython.link_extensions is missing",
        explanation="It MUST be present if the installation has a shared libpython. Meson reads it unconditionally.",
        reference=spec("libpython.link_extensions"),
    ),
    Code(
        id="XBD128",
        severity=Severity.ERROR,
        title="c_api is missing",
        explanation="It MUST be present if the implementation has a C API, and the installation has its headers.",
        reference=spec("c_api"),
    ),
    Code(
        id="XBD129",
        severity=Severity.ERROR,
        title="c_api.pkgconfig_path is missing",
        explanation="It MUST be present if the installation has pkg-config files.",
        reference=spec("c_api.pkgconfig_path"),
    ),
    # Contradictions within the file
    Code(
        id="XBD130",
        severity=Severity.ERROR,
        title="platform is empty",
        explanation="Builds cross-compiled without `_PYTHON_HOST_PLATFORM` write an empty string.",
        reference=spec("platform") + "; cpython#140266",
        url=f"{ISSUES}/140266",
    ),
    Code(
        id="XBD131",
        severity=Severity.ERROR,
        title="abi.flags and the extension suffix disagree",
        explanation="The flags MUST be those of the suffix, in its order: `t` belongs with `.cpython-314t-….so`.",
        reference=spec("abi.flags"),
    ),
    Code(
        id="XBD132",
        severity=Severity.ERROR,
        title="dynamic_stableabi without dynamic",
        explanation="If `libpython.dynamic_stableabi` is present, `libpython.dynamic` MUST be too.",
        reference=spec("libpython.dynamic_stableabi"),
    ),
    Code(
        id="XBD133",
        severity=Severity.ERROR,
        title="link_extensions is true without a shared libpython",
        explanation="There is nothing to link to: the key MUST be left out, or is at most false, if there is no "
        "`libpython.dynamic`.",
        reference=spec("libpython.link_extensions"),
    ),
    Code(
        id="XBD134",
        severity=Severity.ERROR,
        title="The versions disagree",
        explanation="`language.version` is the major and minor version of `language.version_info`, and for CPython "
        "those of `implementation.version`, `implementation.cache_tag` and the extension suffix; "
        "`implementation.hexversion` encodes `implementation.version`.",
        reference=spec("language, implementation"),
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
        reference=CROSS[0],
        url=CROSS[1],
    ),
    Code(
        id="XBD138",
        severity=Severity.ERROR,
        title="The file is of several machines",
        explanation="`platform`, `implementation._multiarch` and the extension suffix name different machines.",
        reference=CROSS[0],
        url=CROSS[1],
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
        reference=spec("platform"),
    ),
)
