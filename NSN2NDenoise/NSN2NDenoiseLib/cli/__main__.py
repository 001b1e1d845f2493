"""``python -m NSN2NDenoiseLib.cli`` is the same as ``nsn2n``."""

import sys

from .main import main

if __name__ == "__main__":
    sys.exit(main())
