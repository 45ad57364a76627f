"""Flags in one string, split into arguments as a shell does."""

from __future__ import annotations

import shlex

from xbuild.errors import ToolchainError


def split_flags(text: str, *, said: str, where: str) -> tuple[str, ...]:
    """Split ``text``, which ``said`` names in the message of the :class:`ToolchainError` if a quote is not closed."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise ToolchainError(f"{where}: {said}: cannot be split into arguments ({error}): {text!r}") from error
