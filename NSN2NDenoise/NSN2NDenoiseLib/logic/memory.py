"""Whether a run fits the memory, said before it starts, with what to do instead."""

from slicer.i18n import tr as _

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.runtime.machine import free_memory_mb
from NSN2NDenoiseLib.engine.runtime.memory import predict_memory_mb

from .volumes import arrayOf, spacingOf


def whatDoesNotFit(inputVolume, settings: "engine.Settings") -> str:
    """A sentence about a run on all of a volume that takes more memory than is free, and what would do; else nothing.

    Args:
        inputVolume: that `arguments.checkInput` accepts.
        settings: of the run.
    """
    free = free_memory_mb()
    if free is None:
        return ""
    array = arrayOf(inputVolume)
    axis = engine.resolve_axis(settings.axis, spacingOf(inputVolume))

    def needed(how: "engine.Settings") -> float:
        return predict_memory_mb(engine.slices_first(array, axis).shape, array.dtype, how)

    if needed(settings) <= free:
        return ""
    text = _("A run takes about {needed} GB of memory, and {free} GB are free.")
    fast = needed(engine.Settings.from_preset("fast", axis=settings.axis))
    if fast <= free:
        instead = _("Choose the preset fast ({fast} GB), or a region under Only within.")
    else:
        instead = _(
            "Choose a region under Only within; or save the volume as NRRD without compression, and denoise it by the "
            "command line, which works in parts: nsn2n denoise --memory."
        )
    return f"{text} {instead}".format(
        needed=f"{needed(settings) / 1000:.1f}", free=f"{free / 1000:.1f}", fast=f"{fast / 1000:.1f}"
    )
