"""Benchmark of NSN2N: simulators, metrics, peers and the paper's experiments. See README.md in this folder.

Importing it makes NSN2NDenoiseLib importable from the repository where it is not installed.
"""

import importlib.util
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

if importlib.util.find_spec("NSN2NDenoiseLib") is None:
    sys.path.insert(0, str(REPOSITORY / "NSN2NDenoise"))
