"""How each format writes a string so that any path survives: spaces, quotes, ``$``, backslashes, unicode.

A path of a portable file starts with :data:`HERE`, which becomes the format's own word for where the file is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from xbuild.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HERE = "\0here"
"""The folder of the file that is written. No path has a zero byte."""

_SHELL_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
# What a Conan profile cannot hold: what str.splitlines() ends a line at, and the operators a line is taken apart at;
# and what Conan writes unescaped into shell scripts and CMake files.
_CONAN_REFUSED = re.compile(r"[\x01-\x1f\x7f\x85\u2028\u2029\"$`\\]|[+*]=|=[+!~]|^\s|\s$")


def meson(value: str) -> str:
    r"""Quote ``value`` for a Meson machine file.

    Meson doubles backslashes before it parses, so there are no escapes, and a backslash is itself only in ``'…'``. A
    quote can only stand in ``'''…'''``, where it cannot be last and a backslash would become two. Such pieces are
    joined with ``+``, as are the halves of a word that Meson would replace.
    """
    # A quote, or two, take the character after them along.
    if not re.fullmatch(r"(?:[^'\n\r]|'{1,2}[^'\\\n\r])*", value):
        _refuse(value, "a Meson cross file")
    pieces = [value]
    if "'" in value and "\\" in value:
        pieces = re.findall(r"(?:'{1,2}[^'\\])+|[^']+", value)
    pieces = [part for piece in pieces for part in re.split(r"(?<=@)(?=(?:DIRNAME|GLOBAL_SOURCE_ROOT)@)", piece)]
    quoted = " + ".join(f"'''{piece}'''" if "'" in piece else f"'{piece}'" for piece in pieces)
    return quoted.replace(HERE, "@DIRNAME@")


def cmake(value: str) -> str:
    """Quote ``value`` as one CMake argument, in which nothing is evaluated."""
    return '"' + re.sub(r'([\\"$@])', r"\\\1", value).replace(HERE, "${CMAKE_CURRENT_LIST_DIR}") + '"'


def preset(value: str) -> str:
    """Return ``value`` for a string of CMake presets that is expanded; JSON's own quotes come on top of it."""
    return value.replace("$", "${dollar}").replace(HERE, "${fileDir}")


def shell(value: str) -> str:
    """Quote ``value`` as one word of a POSIX shell; the variable ``xbuild_here`` is where the file is."""
    if _SHELL_PLAIN.fullmatch(value):
        return value
    parts = ('"$xbuild_here"' if part == HERE else "'" + part.replace("'", "'\\''") + "'" for part in _parts(value))
    return "".join(parts) or "''"


def pkgconfig(value: str) -> str:
    """Escape ``value`` for a field of a ``.pc`` file."""
    # With the brace escaped too, "${" is no variable.
    return re.sub(r"([^\w/.,+@%:=~-])", r"\\\1", value)


def python(value: str) -> str:
    """Write ``value`` as a Python expression in ASCII; the variable ``_here`` is where the module is."""
    return " + ".join("_here" if part == HERE else ascii(part) for part in _parts(value)) or "''"


def toml(value: str) -> str:
    """Quote ``value`` as a TOML basic string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda match: f"\\u{ord(match[0]):04x}", escaped) + '"'


def conan(value: str) -> str:
    """Return ``value`` for a line of a Conan 2 profile, which is a template of Jinja first."""
    return f"{{{{ {_jinja(value)} }}}}" if _needs_jinja([value]) else value


def conan_list(values: Iterable[str]) -> str:
    """Return ``values`` as a list in a Conan 2 profile, which reads it as Python does."""
    items = list(values)
    text = f"[{', '.join(map(_jinja, items))}]"
    return f"{{{{ {text} }}}}" if _needs_jinja(items) else text


def conan_dict(values: Mapping[str, str]) -> str:
    """Return ``values``, whose keys are words, as a dictionary in a Conan 2 profile."""
    text = "{" + ", ".join(f'"{key}": {_jinja(value)}' for key, value in values.items()) + "}"
    return f"{{{{ {text} }}}}" if _needs_jinja(values.values()) else text


def dotenv(value: str) -> str:
    """Quote ``value`` for a dotenv file, where readers agree that nothing is expanded in single quotes.

    A single quote inside needs double quotes, whose escapes readers agree on only for ``\\``, ``"`` and newline: with
    a ``$`` beside it there is no form that all of them read alike.
    """
    if _SHELL_PLAIN.fullmatch(value):
        return value
    if "'" not in value and "\n" not in value and "\\" not in value:
        return f"'{value}'"
    if "$" in value or "`" in value:
        _refuse(value, "a dotenv file")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def github(name: str, value: str) -> str:
    """Return the lines that set ``name`` in ``$GITHUB_ENV``."""
    if "\n" not in value:
        return f"{name}={value}\n"
    end = "END"
    while end in value:
        end += "_"
    return f"{name}<<{end}\n{value}\n{end}\n"


def line(value: str, where: str) -> str:
    """Return ``value`` for a format of one value per line without quotes, which a line break would end."""
    if "\n" in value or "\r" in value:
        _refuse(value, where)
    return value


def search_path(folders: Iterable[str], where: str) -> str:
    """Return ``folders`` as one value with colons between them, which none of them may have."""
    folders = list(folders)
    for folder in folders:
        if ":" in folder:
            _refuse(folder, where)
    return ":".join(folders)


def _jinja(value: str) -> str:
    """Return a literal of both Jinja and Python, or for a value with :data:`HERE` an expression of Jinja."""
    return " ~ ".join("profile_dir" if part == HERE else f'"{part}"' for part in _parts(value))


def _needs_jinja(values: Iterable[str]) -> bool:
    """Say whether one of ``values`` has what Jinja would take for its own, or :data:`HERE`."""
    texts = list(values)
    for text in texts:
        if _CONAN_REFUSED.search(text.replace(HERE, "")):
            _refuse(text, "a Conan profile")
    return any(HERE in text or re.search(r"\{[{%#]", text) for text in texts)


def _parts(value: str) -> list[str]:
    """Take ``value`` apart into :data:`HERE` and what is between."""
    return [part for part in re.split(f"({HERE})", value) if part]


def _refuse(value: str, where: str) -> NoReturn:
    raise ToolchainError(
        f"{where} has no way to write {value!r}",
        hint="move it to a path without quotes, colons, backslashes and line breaks",
    )
