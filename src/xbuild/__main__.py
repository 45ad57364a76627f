"""``python -m xbuild``."""

import sys

from xbuild.entry import main

if __name__ == "__main__":
    sys.exit(main())
