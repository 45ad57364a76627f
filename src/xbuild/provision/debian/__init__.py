"""Debian's archive as a source: signed indexes, dependency resolution, verified packages. Needs no root."""
