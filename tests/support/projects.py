"""Projects to build: the example, and small ones whose backend does what a test wants of it."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLE = Path(__file__).parents[2] / "examples" / "hello-c"

OWN_BACKEND = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""

BACKEND = """
import base64, hashlib, zipfile

def get_requires_for_build_wheel(config_settings=None):
    return {requires!r}

def build_wheel(directory, config_settings=None, metadata_directory=None):
{body}

def pure_wheel(directory):
    dependencies = {dependencies!r}
    metadata = ["Metadata-Version: 2.1", "Name: demo", "Version: 1"]
    metadata += [f"Requires-Dist: {{each}}" for each in dependencies]
    files = {{
        "demo.py": "".join(f"import {{each}}\\n" for each in dependencies),
        "demo-1.dist-info/METADATA": "\\n".join(metadata) + "\\n",
        "demo-1.dist-info/WHEEL": "Wheel-Version: 1.0\\nGenerator: demo\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }}
    digests = {{name: hashlib.sha256(text.encode()).digest() for name, text in files.items()}}
    hashes = {{name: base64.urlsafe_b64encode(digest).decode().rstrip("=") for name, digest in digests.items()}}
    record = "".join(f"{{name}},sha256={{hashes[name]}},{{len(text)}}\\n" for name, text in files.items())
    with zipfile.ZipFile(directory + "/demo-1-py3-none-any.whl", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr("demo-1.dist-info/RECORD", record + "demo-1.dist-info/RECORD,,\\n")
    return "demo-1-py3-none-any.whl"
"""


def write_project(folder: Path, build: str, *, requires: Sequence[str] = (), dependencies: Sequence[str] = ()) -> Path:
    """A project with a backend of its own: ``build`` is the body of its ``build_wheel``."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text(f'{OWN_BACKEND}[project]\nname = "demo"\nversion = "1"\n')
    body = indent(build, "    ")
    (folder / "backend.py").write_text(
        BACKEND.format(requires=list(requires), dependencies=list(dependencies), body=body)
    )
    return folder
