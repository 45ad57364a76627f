"""``python -m xbuild``."""

import sys

from xbuild.cli import main

if __name__ == "__main__":
    sys.exit(main())
