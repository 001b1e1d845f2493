"""Compiles the filters' kernels before the tests, which run in several processes: python -m Testing.compile_kernels

Two processes that compile them at the same time may get code that differs in the last digits: one loads from numba's
cache what the other one has made so far. From the cache, all have the same.
"""

from NSN2NDenoiseLib import engine
from scipy import ndimage

from Testing.Engine.phantoms import phantom

white = phantom(slices=6, side=48)[1]
for volume in (white, ndimage.gaussian_filter(white, (0, 0.8, 0.8))):  # principal components, collaborative filter
    engine.denoise(volume, engine.Settings.from_preset("fast", device="cpu"))
