"""Where the files of one cross build are, so that they can refer to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from xbuild.crossfiles.spec import CrossSpec


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The files of one cross build.

    ``sysconfigdata`` is alone in its folder, which may go on PYTHONPATH, and so is ``python_config``, whose folder may
    go on PATH. ``pkgconfig`` is the folder of the target Python's ``.pc`` files.
    """

    meson: Path
    cmake: Path
    presets: Path
    conan: Path
    conan_meson: Path
    sysconfigdata: Path
    config_site: Path
    pyo3_config: Path
    cargo_config: Path
    python_config: Path
    pkgconfig: Path

    @classmethod
    def of(cls, spec: CrossSpec, directory: Path) -> Layout:
        """Return the places of ``spec``'s files in ``directory``."""
        python = spec.python
        # The module's name is what sysconfig looks for; CMake reads the version in the script's.
        module = f"_sysconfigdata_{python.abi_flags}_linux_{spec.multiarch}"
        return cls(
            meson=directory / "meson-cross.ini",
            cmake=directory / "toolchain.cmake",
            presets=directory / "CMakePresets.json",
            conan=directory / "conan-profile.txt",
            conan_meson=directory / "conan-meson.ini",
            sysconfigdata=directory / "sysconfig" / f"{module}.py",
            config_site=directory / "config.site",
            pyo3_config=directory / "pyo3-config.txt",
            cargo_config=directory / "cargo-config.toml",
            python_config=directory / "bin" / f"python{python.version}{python.abi_flags}-config",
            pkgconfig=directory / "pkgconfig",
        )
