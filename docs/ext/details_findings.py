"""The pages about ``xbuild details check``: a table of its codes and a page per code, made from the code itself.

Each example is what a check says of a file of ``tests/data/build-details``: a distribution's own where there is one.
:func:`setup` writes ``reference/generated/findings.md`` and ``reference/findings/`` before Sphinx reads the pages.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.details_cases import Case, load_cases, make  # noqa: E402, found by the line above

from xbuild.details import CODES, check  # noqa: E402, as above
from xbuild.details.render import as_text, fix_text  # noqa: E402, as above

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sphinx.application import Sphinx

    from xbuild.details.codes import Code


def table() -> str:
    """Return a table of the codes, with links as seen from ``reference``."""
    rows = [
        f"| [{code.id}](findings/{code.id}.md) | {code.severity} | {_markdown(code.title)} |" for code in CODES.values()
    ]
    return "\n".join(["| code | severity | meaning |", "|---|---|---|", *rows]) + "\n"


def pages() -> dict[str, str]:
    """Return the text of the page of each code."""
    cases = load_cases()
    return {code.id: page(code, _case_for(code.id, cases)) for code in CODES.values()}


def page(code: Code, case: Case) -> str:
    """Return the page of one code, with what a check says of ``case``."""
    source = f": {_linked(case.source)}" if case.source else ""
    return "\n".join(
        [
            f"# {code.id}: {_markdown(code.title)}",
            "",
            f"{str(code.severity).capitalize()}, by [{code.reference}]({code.url}).",
            "",
            code.explanation,
            "",
            f"Example, {case.name}{source}:",
            "",
            "```text",
            *example(code.id, case),
            "```",
            "",
            "How to check and repair files is in [](../../how-to/build-details.md).",
            "",
        ]
    )


def example(code: str, case: Case) -> Iterator[str]:
    """Yield what a check says of ``case`` that has ``code``, with paths as seen from the top of its tree."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder, "tree")
        file = make(case, top)
        for finding in check(file):
            if finding.code == code:
                lines = [as_text(finding), *([f"    {fix}"] if (fix := fix_text(finding)) else [])]
                yield from (line.replace(f"{top}/", "").replace(str(top), "/") for line in lines)


def _case_for(code: str, cases: tuple[Case, ...]) -> Case:
    """Choose a distribution's own file before one with another source, and that before one made up."""
    having = [case for case in cases if code in case.finds]
    return min(having, key=lambda case: (not case.base.name.startswith("debian"), not case.source, len(case.finds)))


def _linked(source: str) -> str:
    """Return ``source`` with issues as links."""
    hosts: Mapping[str, str] = {"cpython": "python/cpython"}
    linked = re.sub(
        r"\b([\w-]+(?:/[\w-]+)?)#(\d+)",
        lambda match: f"[{match[0]}](https://github.com/{hosts.get(match[1], match[1])}/issues/{match[2]})",
        source,
    )
    return re.sub(r"(?<!\()(https://\S+)", r"<\1>", linked)


def _markdown(title: str) -> str:
    """Return ``title`` with the names of keys as code."""
    return re.sub(
        r"\b([a-z_]+\.[a-z_]+|base_\w+|link_\w+|dynamic_\w+|abi\.\w+)\b|(?<=\s)(_multiarch)\b", r"`\g<0>`", title
    )


def write(folder: Path) -> None:
    """Write the table and the pages into ``folder``, that of the reference."""
    for name, text in {
        "generated/findings": table(),
        **{f"findings/{code}": text for code, text in pages().items()},
    }.items():
        file = folder / f"{name}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the generator with Sphinx."""
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "reference"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
