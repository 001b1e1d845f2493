"""Compiles the filters' kernels before the tests: python -m Testing.compile_kernels

The tests run in several processes, of which each would compile them.
"""

from NSN2NDenoiseLib import engine
from scipy import ndimage

from Testing.Engine.phantoms import phantom

white = phantom(slices=6, side=48)[1]
for volume in (white, ndimage.gaussian_filter(white, (0, 0.8, 0.8))):  # principal components, collaborative filter
    engine.denoise(volume, engine.Settings.from_preset("fast", device="cpu"))
