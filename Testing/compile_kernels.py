"""Compiles the filters' kernels before the tests: python -m Testing.compile_kernels

The tests run in several processes, of which each would compile them. One process here does those of white noise,
another one those of colored noise.
"""

import multiprocessing

BLURS = (0, 0.8)


def compile_for(blur: float) -> None:
    """Denoise a volume whose noise has this blur (pixels)."""
    from NSN2NDenoiseLib import engine
    from scipy import ndimage

    from Testing.Engine.phantoms import phantom

    noisy = ndimage.gaussian_filter(phantom(slices=6, side=48)[1], (0, blur, blur))
    engine.denoise(noisy, engine.Settings.from_preset("fast", device="cpu"))


if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(len(BLURS)) as pool:
        pool.map(compile_for, BLURS)
