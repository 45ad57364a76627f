"""Cross-compile Python wheels for Linux targets from one static description of the target interpreter."""

__version__ = "0.1.0"
