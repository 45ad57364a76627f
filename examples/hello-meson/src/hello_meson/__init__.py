"""Adds, in C."""

from hello_meson._add import add

__all__ = ["add"]
