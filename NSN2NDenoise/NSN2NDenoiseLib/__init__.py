"""NSN2N: Neighboring Slice Noise2Noise, denoising of a volume from that volume alone.

Layers, each knowing only the one below:

- ``engine``: the method, numpy and torch only;
- ``logic``: MRML volumes in and out, the child process;
- ``widget``: the panel in 3D Slicer.

``cli`` is the command line ``nsn2n`` on top of the engine, outside Slicer, and ``batch`` its command for many volumes.
"""

__version__ = "0.1.0"
