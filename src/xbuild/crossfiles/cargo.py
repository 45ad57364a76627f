"""Cargo's ``config.toml`` and PyO3's configuration file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xbuild.crossfiles import quoting

if TYPE_CHECKING:
    from xbuild.crossfiles.layout import Layout
    from xbuild.crossfiles.spec import CrossSpec


def render(spec: CrossSpec, layout: Layout) -> str:
    """Return a ``.cargo/config.toml``."""
    triple, toolchain = spec.target.rust_triple, spec.toolchain
    lines = [f"[build]\ntarget = {quoting.toml(triple)}\n\n[target.{triple}]\n"]
    lines.append(_entry("linker", toolchain.cc))
    if spec.emulator is not None:
        # A list: Cargo splits a string at spaces.
        lines.append(f"runner = [{quoting.toml(str(spec.emulator.wrapper))}]\n")
    lines.append("\n[env]\n")
    is_portable = not layout.pyo3_config.is_absolute()
    for name, value in sorted(build_script_variables(spec, layout).items()):
        if is_portable and "/" in value:
            lines.append(f"{name} = {{ value = {quoting.toml(value)}, relative = true }}\n")
        else:
            lines.append(_entry(name, value))
    return "".join(lines)


def build_script_variables(spec: CrossSpec, layout: Layout) -> dict[str, str]:
    """Return the variables crates' build scripts read: those of the cc crate, for C and C++, and PyO3's."""
    toolchain = spec.toolchain
    name = spec.target.rust_triple.replace("-", "_")
    variables = {
        f"AR_{name}": str(toolchain.ar),
        f"CC_{name}": str(toolchain.cc),
        "PYO3_CONFIG_FILE": str(layout.pyo3_config),
        "PYO3_CROSS": "1",
        "PYO3_CROSS_PYTHON_VERSION": f"{spec.python.version}{'t' if 't' in spec.python.abi_flags else ''}",
    }
    if toolchain.cxx is not None:
        variables[f"CXX_{name}"] = str(toolchain.cxx)
    return variables


def render_pyo3_config(spec: CrossSpec, _layout: Layout) -> str:
    """Return what PYO3_CONFIG_FILE names, so that PyO3 neither guesses nor runs an interpreter.

    ``ext_suffix`` is read by maturin; PyO3 ignores it.
    """
    python = spec.python
    free_threaded = "t" in python.abi_flags
    flags = [*(["Py_GIL_DISABLED"] if free_threaded else []), *(["Py_DEBUG"] if "d" in python.abi_flags else [])]
    libpython = python.details.libpython
    entries = {
        "implementation": "CPython",
        "version": python.version,
        # Whether there is a shared libpython; extension modules are not linked to it either way.
        "shared": "true" if libpython is not None and libpython.dynamic is not None else "false",
        "abi3": "false",
        "lib_name": f"python{python.version}{python.abi_flags}",
        "pointer_width": str(spec.target.elf.elf_class),
        "build_flags": ",".join(flags),
        "suppress_build_script_link_lines": "false",
        "ext_suffix": python.extension_suffix,
    }
    return "".join(f"{key}={quoting.line(value, 'a PyO3 configuration file')}\n" for key, value in entries.items())


def _entry(name: str, value: object) -> str:
    return f"{name} = {quoting.toml(str(value))}\n"
