"""Every problem ``xbuild details check`` knows, under a code that never changes its meaning.

Errors break a MUST of the specification or contradict the installation; warnings break a SHOULD or trip up known
readers; notes are worth knowing. The documentation's page about each is generated from this table.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from xbuild.details.codes import document, surroundings
from xbuild.details.codes.code import Code, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CODES", "Code", "Severity"]

CODES: Mapping[str, Code] = MappingProxyType({code.id: code for code in (*document.TABLE, *surroundings.TABLE)})
"""Every code by its id."""
