"""A run in the field's words, for command line, panel, report and the result's description: its stages and effect."""

from collections.abc import Iterable

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
    "similar": ("Dabov et al. 2007", "Maggioni et al. 2013", "Manjon et al. 2015"),
    "learn": ("Zhou et al. 2024",),
    "refine": ("Dabov et al. 2007", "Maggioni et al. 2013", "Manjon et al. 2015"),
    "unbias": ("Koay and Basser 2006",),
}


def describe_stages(stages: Iterable[str]) -> str:
    """The stages of a result in one line: "NS-N2N network, then collaborative filter guided by it, ..."."""
    return ", then ".join(WORDS[name] for name in stages if name in WORDS)


def describe_sources(stages: Iterable[str]) -> str:
    """The literature behind the stages of a result, each once, in the order of the stages."""
    return "; ".join(dict.fromkeys(source for name in stages for source in SOURCES.get(name, ())))


def describe_network(report: dict) -> str:
    """The network of a run, and what it was trained on: "network f3a1, trained on another volume"; "" without one."""
    network = report.get("network")
    if not network:
        promised = report.get("predictedGainOfNetwork")
        return (
            ""
            if promised is None
            else f"network trained and left out: the filters alone promise {-promised:.2f} dB more"
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
    at = " at full strength" if report["strength"] < 1 else ""
    predicted = f"Predicted gain in tissue{at}: {gain:+.1f} dB (+- {report['predictedGainSD'] or 0:.1f})."
    part = report["justifiedStrength"]
    if part >= WHOLE:
        return predicted
    return (
        f"{100 * part:.0f} % strength was used on average: where more would have been removed than there is "
        f"noise{noise}, the rest was put back as anatomy. {predicted}"
    )


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
