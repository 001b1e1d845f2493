"""NS-N2N: this project, through engine.denoise."""

from NSN2NDenoiseLib import engine

from Benchmark.case import CannotRun

LABEL = "NS-N2N"
SOURCE = "Zhou et al., Neighboring Slice Noise2Noise; this project's engine"
LICENSE = "part of this repository"
PACKAGE = None
RANDOM = True
SWEEP = [{}]


def denoise(case, seed, progress, preset="default", needs_gpu=False, **overrides):
    """preset: "default" or "paper"; overrides: settings of the engine by name.

    The engine's own bias correction is off: judge.py inverts the Rician mean alike for all.
    """
    if needs_gpu:
        import torch

        if not torch.cuda.is_available():
            raise CannotRun("the standard U-Net at full size takes days on a CPU; run it on a machine with a GPU")
    settings = engine.Settings.from_preset(preset, seed=seed, **{"rician": "off", **overrides})
    result = engine.denoise(case.noisy, settings, spacing=case.spacing, progress=lambda state: progress(state.fraction))
    denoise.report = result.report
    return result.denoised
