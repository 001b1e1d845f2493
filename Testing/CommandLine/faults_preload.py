"""What the server of faults.py does before it forks: load all that a run needs, and nothing that starts threads."""

import numpy as np
from NSN2NDenoiseLib.cli import arguments, commands, module
from NSN2NDenoiseLib.engine import denoise_volume
from NSN2NDenoiseLib.engine.filter import on_cpu
from NSN2NDenoiseLib.engine.judge import kept
from NSN2NDenoiseLib.engine.match.low_pass import low_pass
from NSN2NDenoiseLib.engine.train import training
from PIL import PngImagePlugin

__all__ = ["PngImagePlugin", "arguments", "commands", "denoise_volume", "kept", "module", "training"]

low_pass(np.zeros((16, 16), np.float32), 1.0)  # its kernel, and numba
on_cpu.compiled()
