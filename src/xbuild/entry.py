"""Where the installed commands begin and end: what an interrupt does before and after the command line is at work.

Little is imported before an interrupt is caught.
"""

INTERRUPTED = 130


def main() -> int:
    """Run the command line and return its exit status. To be called once: the process is to end after it."""
    try:
        from xbuild.cli import main as run

        status = run()
    except KeyboardInterrupt:  # while it was imported; later ones are told
        status = INTERRUPTED
    _ignore_signals()
    return status


def _ignore_signals() -> None:
    """Let the interpreter end in peace: the outcome is told, and a signal would make another of the exit status.

    Early in its end the interpreter gives the signals their default actions back, but for those that are ignored.
    """
    import signal

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
