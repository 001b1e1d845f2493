"""The report of a run: what was measured, planned, done and how long it took, ready for JSON."""

from dataclasses import asdict

import numpy as np

from ..runtime.machine import device_name, peak_memory_mb, versions
from ..stages.state import State, Workshop
from ..train.trained import TrainedNetwork
from .measure import plain


def make_report(state: State, workshop: Workshop) -> dict:
    """The report of a run that has come to its end.

    Args:
        state: after the last stage.
        workshop: of the run, whose tracker has finished.
    """
    look, plan, losses, trained = state.look, state.plan, state.losses, state.trained
    return {
        "preset": plan.settings.preset,
        "stages": list(state.made_by),
        "stagesPlanned": list(plan.stages),
        "stoppedEarly": workshop.tracker.stopped_early,
        "threshold": plan.threshold,
        "thresholdImageUnits": plain(plan.threshold * look.scale),
        "thresholdIsAutomatic": plan.settings.threshold is None,
        "matchedFraction": plain(state.matched),
        "within": _within(state),
        "axis": look.axis,
        "gap": plan.gap,
        "pairing": state.pairing,
        "sliceCorrelation": [plain(c, 3) for c in look.noise.slice_correlation],
        **state.figures,
        "noisePercent": plain(look.noise_percent, 3),
        "ricianSigma": None if plan.rician_sigma is None else plain(plan.rician_sigma),
        "ricianCorrected": "unbias" in state.made_by,
        "padding": None if look.padding_value is None else plain(look.padding_value),
        "steps": len(losses),
        "network": None if trained is None else _network(trained, plan.network is None),
        "minutes": plan.settings.minutes,
        "loss": {"first": plain(losses[0]), "last": plain(np.mean(losses[-50:]))} if losses else None,
        "strength": plan.settings.strength,
        "justifiedStrength": plain(state.justified if state.made_by else 0.0),
        **{name: plain(value, 3) for name, value in state.gain.items()},
        "leftAsItWas": not state.made_by,
        "device": device_name(workshop.device),
        "precision": str(workshop.precision).removeprefix("torch."),
        "seed": plan.settings.seed,
        "settings": asdict(plan.settings),
        "versions": versions(),
        "warnings": list(state.warnings),
        "seconds": {stage: round(seconds, 2) for stage, seconds in workshop.tracker.seconds.items()},
        "peakMemoryMB": peak_memory_mb(),
        "predictedMemoryMB": round(plan.memory_mb),
    }


def _within(state: State) -> dict | None:
    """Where it was wanted: voxels, their part of the volume, the box that was worked on; None: everywhere."""
    if state.wanted is None:
        return None
    count = int(np.count_nonzero(state.wanted))
    box = [[side.start, side.stop] for side in state.region]
    return {"voxels": count, "fraction": plain(count / np.prod(state.look.shape)), "box": box}


def _network(trained: TrainedNetwork, is_own: bool) -> dict:
    """Which network it was."""
    return {
        "name": trained.name,
        "trainedHere": is_own,
        "noiseSD": plain(trained.trained_on.noise_sd),
        **trained.training,
    }
