"""What the user is told: the status line, the log, one dialog for errors, and plain words for stages and times."""

import slicer
from slicer.i18n import tr as _


class Messages:
    """The status line and the log of the panel.

    Args:
        ui: the panel's widgets by name.
    """

    def __init__(self, ui) -> None:
        self._ui = ui

    def status(self, text: str) -> None:
        """Say in a few words what is going on."""
        self._ui.statusLabel.text = text

    def log(self, line: str) -> None:
        """Add a line to the log under Advanced."""
        self._ui.logTextEdit.appendPlainText(line)

    def clearLog(self) -> None:
        """Empty the log; a new run begins."""
        self._ui.logTextEdit.clear()

    def error(self, text: str, details: str = "") -> None:
        """Show one dialog, and keep its text in the status line and the log."""
        self.status(text)
        self.log(text)
        if details:
            self.log(details)
            slicer.util.errorDisplay(text, windowTitle=_("NSN2N Denoise"), detailedText=details)
        else:
            slicer.util.errorDisplay(text, windowTitle=_("NSN2N Denoise"))


def stageText(stage: str) -> str:
    """A stage of the engine in plain words."""
    stages = {
        "look": _("Looking at the volume"),
        "match": _("Matching neighboring slices"),
        "pair": _("Comparing frames"),
        "first": _("Filtering: the first result"),
        "similar": _("Filtering similar blocks"),
        "learn": _("Training on this volume"),
        "refine": _("Filtering similar blocks"),
        "limit": _("Filtering similar blocks"),
        "spare": _("Filtering similar blocks"),
        "judge": _("Measuring the result"),
        "unbias": _("Correcting the bias"),
        "strength": _("Measuring the result"),
        "within": _("Measuring the result"),
        "report": _("Measuring the result"),
    }
    return stages.get(stage, stage)


def presetText(preset: str) -> str:
    """What a preset is, in a line."""
    presets = {
        "default": _("The best result; minutes without a GPU."),
        "fast": _("Filters similar blocks, trains no network; seconds."),
        "nsn2n": _("The method of the paper (U-Net, W, L_Recon + 0.5 L_RC + 1 L_IC) with a small network; minutes."),
        "paper": _("Network and training of Sec. 4.1 to the letter; hours on a GPU, days without."),
        "ultrasound": _("For ultrasound: filters the grains of the speckle, and what is finer goes; seconds."),
    }
    return presets.get(preset, preset)


def durationText(seconds: float) -> str:
    """A duration in words, rounded as an estimate should be."""
    if seconds < 60:
        return _("{count} s").format(count=max(5, 5 * round(seconds / 5)))
    if seconds < 600:
        minutes, rest = divmod(10 * round(seconds / 10), 60)
        return _("{minutes} min {seconds} s").format(minutes=minutes, seconds=rest)
    return _("{count} min").format(count=round(seconds / 60))


def numberText(value: float) -> str:
    """A number with three significant digits, never in powers of ten for image values."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
