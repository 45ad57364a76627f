"""Says what machine its compiled part was built for."""

from hello_c._machine import describe

__all__ = ["describe"]
