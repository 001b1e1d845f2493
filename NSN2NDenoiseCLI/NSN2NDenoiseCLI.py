#!/usr/bin/env python-real
"""NSN2N as a command line module of 3D Slicer; NSN2NDenoiseCLI.xml says what it takes."""

import sys
from pathlib import Path


def find_library() -> None:
    """Make NSN2NDenoiseLib importable: an extension has it beside cli-modules, the sources beside this folder."""
    here = Path(__file__).resolve().parent
    for folder in (here.parent / "qt-scripted-modules", here.parent / "NSN2NDenoise"):
        if (folder / "NSN2NDenoiseLib").is_dir():
            sys.path.insert(0, str(folder))
            return


if __name__ == "__main__":
    find_library()
    from NSN2NDenoiseLib.cli.main import main

    sys.exit(main(is_module=True))
