"""A run in the field's words, for command line, panel, report and the result's description: its stages and effect."""

from collections.abc import Iterable

from .judge.gain import mixed_gain

#: A mean strength below this is worth a sentence.
WHOLE = 0.995

#: What a stage is; stages that are not named here only measure.
WORDS = {
    "speckle": "grains of the speckle",
    "first": "quick filter of similar blocks",
    "similar": "filter of similar blocks guided by it",
    "learn": "NS-N2N network",
    "refine": "filter of similar blocks guided by it",
    "limit": "bound of 3 noise SDs",
    "spare": "more than noise put back",
    "unbias": "inverse of the Rician mean",
    "strength": "input mixed back in",
    "within": "only where it was wanted",
}
#: Where a stage comes from.
SOURCES = {
    "first": ("Dabov et al. 2007", "Maggioni et al. 2013"),
    "similar": ("Manjon et al. 2015", "Lebrun et al. 2013"),
    "learn": ("Zhou et al. 2024",),
    "refine": ("Lebrun et al. 2013",),
    "unbias": ("Koay and Basser 2006",),
}


def describe_stages(stages: Iterable[str]) -> str:
    """The stages of a result in one line: "NS-N2N network, then collaborative filter guided by it, ..."."""
    return ", then ".join(WORDS[name] for name in stages if name in WORDS)


def describe_sources(stages: Iterable[str]) -> str:
    """The literature behind the stages of a result, each once, in the order of the stages."""
    return "; ".join(dict.fromkeys(source for name in stages for source in SOURCES.get(name, ())))


def describe_series(report: dict) -> str:
    """What a series description says of a result, behind that of its source."""
    return "NSN2N left as it was" if report.get("stages") == [] else "NSN2N denoised"


def describe_network(report: dict) -> str:
    """The network of a run, and what it was trained on: "network f3a1, trained on another volume"; "" without one."""
    network = report.get("network")
    if not network:
        promised = report.get("predictedGainOfNetwork")
        return (
            ""
            if promised is None
            else f"network trained and left out: it promises {promised:+.2f} dB beside the filters alone"
        )
    where = f"this volume alone ({network['steps']} steps)" if network["trainedHere"] else "another volume"
    return f"network {network['name']}, trained on {where}"


def describe_effect(report: dict) -> str:
    """What a run did to the volume, in a sentence or two: the strength that it used and why, and the predicted gain.

    Args:
        report: of the run, see `judge.report`; of one that did not say, nothing is said.
    """
    if "justifiedStrength" not in report:
        return ""
    percent = report.get("noisePercent")
    noise = "" if percent is None else f" ({percent:.2g} % of the tissue)"
    gain = report.get("predictedGain")
    if not report["stages"]:
        if gain is None:
            return f"Left as it was: it has too little noise to be worth denoising{noise}."
        return f"Left as it was: with noise as weak as this{noise}, denoising may not make it better."
    if gain is None:
        return ""
    return " ".join(filter(None, (_frames_left(report), _strength_used(report, noise), _predicted_gain(report))))


def _frames_left(report: dict) -> str:
    """How many frames were left as they were; "" where none was, or the report is of one volume."""
    frames = report.get("frames") or []
    count = sum(not one["stages"] for one in frames)
    left = "was left as it was" if count == 1 else "were left as they were"
    return f"{count} of {len(frames)} frames {left}." if count else ""


def _strength_used(report: dict, noise: str) -> str:
    """Which strength, and why; "" where it is the one asked for."""
    strength, part = report["strength"], report["justifiedStrength"]
    if strength == 0:
        return "Left as it was: a strength of 0 was asked for."
    if part >= WHOLE:
        return ""
    asked = f"{100 * strength:g} % was asked for, and " if strength < 1 else ""
    return (
        f"{100 * part * strength:.0f} % strength was used on average: {asked}where more would have been removed than "
        f"there is noise{noise}, the rest was put back as anatomy."
    )


def _predicted_gain(report: dict) -> str:
    """At the strength that was used, and at full strength."""
    strength, gain, sd = report["strength"], report["predictedGain"], report["predictedGainSD"] or 0.0
    if strength == 1:
        return f"Predicted gain in tissue: {_decibels(gain, sd)}."
    full, kept = f"{_decibels(gain, sd)} at full strength", report.get("noiseKept")
    if strength > 0 and kept is not None:
        mixed = mixed_gain(gain, sd, 1 - (1 - kept) * report["justifiedStrength"], strength)
        full = f"{_decibels(*mixed)} at {100 * strength:g} % strength, {full}"
    return f"Predicted gain in tissue: {full}."


def _decibels(gain: float, sd: float) -> str:
    return f"{gain:+.1f} dB (+- {sd:.1f})"


def describe_pairing(report: dict) -> str:
    """What pairs a run compared, and what was measured of both where there was a choice: "slices 1 apart"."""
    pairing = report.get("pairing")
    if pairing is None:
        return f"slices {report.get('gap')} apart"
    figures = "; ".join(f"{name}: {_measured(pairing[name])}" for name in ("frames", "slices"))
    return f"neighboring {pairing['pairs']} ({figures})"


def _measured(pairs: dict) -> str:
    correlation = pairs["noiseCorrelation"]
    known = "unknown" if correlation is None else f"{correlation:.2f}"
    return f"noise correlation {known}, {100 * pairs['matchedFraction']:.1f} % matched"
