"""``docs/reference/findings.md``: every code of ``xbuild details check``, made from the table that raises it.

    python docs/ext/details_findings.py

Each example is what a check says of a file of ``tests/data/build-details``: a distribution's own where there is one. A
test fails if the page is not what this makes.
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

    from xbuild.details.codes import Code

PAGE = ROOT / "docs" / "reference" / "findings.md"
INTRODUCTION = """\
# Findings about build-details.json

<!-- Made by docs/ext/details_findings.py: change src/xbuild/details/codes.py or tests/data, not this page. -->

What `xbuild details check` can find.
A code keeps its meaning for ever.
Errors break a MUST of [PEP 739](https://peps.python.org/pep-0739/) or contradict the installation,
warnings break a SHOULD or trip up known readers, and notes are worth knowing.
How to use it is in [](../how-to/build-details.md).
"""


def page() -> str:
    """Return the text of the page."""
    cases = load_cases()
    rows = [
        f"| [{code.id}](#{code.id.lower()}) | {code.severity} | {_markdown(code.title)} |" for code in CODES.values()
    ]
    table = "\n".join(["| code | severity | meaning |", "|---|---|---|", *rows])
    sections = (section(code, _case_for(code.id, cases)) for code in CODES.values())
    return "\n".join([INTRODUCTION, table, "", *sections])


def section(code: Code, case: Case) -> str:
    """Return the section of one code, with what a check says of ``case``."""
    source = f": {_linked(case.source)}" if case.source else ""
    return "\n".join(
        [
            f"({code.id.lower()})=",
            f"## {code.id}: {_markdown(code.title)}",
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


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
