"""The exceptions xbuild raises on purpose, each with its exit status.

::

    XBuildError            1   a bug in xbuild if it is raised as itself
     ├── UsageError        2   the command line or the configuration
     ├── DetailsError     10   build-details.json and what lies beside it
     ├── TargetError      11   an unknown or unsupported target
     ├── ToolchainError   11   compilers and binutils for the target
     ├── ProvisionError   12   network, signatures, hashes, disk space, the cache
     ├── BuildError       13   the source, its requirements, or the build backend
     ├── VerificationError 14  a wheel that is not what its name says
     ├── TestError        15   the wheel's tests under the emulator
     └── EngineError      16   a container engine

Only :mod:`xbuild.cli` catches them broadly; it prints ``message`` and ``hint`` and exits with ``exit_code``.
"""

from __future__ import annotations

from typing import ClassVar


class XBuildError(Exception):
    """A failure xbuild foresees.

    ``message`` says what is wrong, where (path, key), and what was expected and found;
    ``hint`` says what to do next;
    ``details`` is supporting text shown under the message (a compiler's output), never needed to understand it.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None, details: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details


class UsageError(XBuildError):
    """The command line or the configuration asks for something that cannot be."""

    exit_code = 2


class DetailsError(XBuildError):
    """A build-details.json, or a file beside it, is missing, malformed or wrong."""

    exit_code = 10


class TargetError(XBuildError):
    """The target is unknown, or the thing asked for does not exist for it."""

    exit_code = 11


class ToolchainError(XBuildError):
    """The target's compilers are missing or do not work."""

    exit_code = 11


class ProvisionError(XBuildError):
    """Something the build needs could not be fetched, verified, unpacked or cached."""

    exit_code = 12


class BuildError(XBuildError):
    """The source could not be read or its build backend failed."""

    exit_code = 13


class VerificationError(XBuildError):
    """The wheel that was built is not a correct wheel for the target."""

    exit_code = 14


class TestError(XBuildError):
    """The wheel failed its test under the emulator."""

    __test__ = False  # pytest: not a test class
    exit_code = 15


class EngineError(XBuildError):
    """The container engine is missing or failed."""

    exit_code = 16
