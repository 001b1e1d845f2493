"""python -m Benchmark, with Testing on the path: the same as run.py."""

import sys

from Benchmark.run import main

sys.exit(main())
