"""What the server of faults.py does before it forks: load all that a run needs, and nothing that starts threads."""

from NSN2NDenoiseLib.cli import commands
from NSN2NDenoiseLib.engine import denoise_volume

__all__ = ["commands", "denoise_volume"]
