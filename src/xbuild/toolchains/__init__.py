"""Compilers and binutils for the target: gcc (provisioned), system (PATH), zig, or a TOML file of the user's own.

Each kind has a module with a function that makes a :class:`ToolchainPlan`; :func:`materialise` turns a plan into
programs that need no arguments.
"""

from xbuild.toolchains.model import Command, Family, Settings, Toolchain, ToolchainKind, ToolchainPlan, ToolName
from xbuild.toolchains.wrappers import find_pkg_config, install, materialise, with_pkg_config, with_places

__all__ = [
    "Command",
    "Family",
    "Settings",
    "ToolName",
    "Toolchain",
    "ToolchainKind",
    "ToolchainPlan",
    "find_pkg_config",
    "install",
    "materialise",
    "with_pkg_config",
    "with_places",
]
