"""Where the installed commands begin: little is imported before an interrupt is caught."""

INTERRUPTED = 130


def main() -> int:
    """Run the command line and return its exit status."""
    try:
        from xbuild.cli import main as run

        return run()
    except KeyboardInterrupt:  # while it was imported; later ones are told
        return INTERRUPTED
