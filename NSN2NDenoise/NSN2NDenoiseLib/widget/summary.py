"""What is said of a result below the comparison."""

from slicer.i18n import tr as _

from NSN2NDenoiseLib import engine

from .messages import numberText


def summary(name: str, report: dict, isImproving: bool) -> str:
    """What a result is, what it did to the volume, and how it was made: a paragraph each.

    Args:
        name: of the result.
        report: of the engine.
        isImproving: whether a run will put a better result in its place.
    """
    heading = _("Result: {name}.")
    if report.get("ended") == "first":
        heading = _("First result: {name}; its run did not end.")
        if isImproving:
            heading = _("First result: {name}; the run goes on.")
    elif report.get("ended") == "kept":
        heading = _("Result: {name}, the best when the run was stopped.")
    paragraphs = [heading.format(name=name)], _measured(report), _made(report)
    return "\n".join(" ".join(sentences) for sentences in paragraphs if sentences)


def _measured(report: dict) -> list[str]:
    """What a run did to the volume."""
    sentences = []
    before, after = report.get("noiseBefore"), report.get("noiseAfter")
    at = _(" at full strength") if report.get("strength", 1) < 1 else ""
    if before and after is not None:
        sentences.append(
            _("Noise in tissue: {before} before, {after} after{at}.").format(
                before=numberText(before), after=numberText(after), at=at
            )
        )
    flat = report.get("flatBefore"), report.get("flatAfter")
    if None not in flat:
        sentences.append(
            _("Where tissue is flattest a region of interest shows {before} and {after}{at}.").format(
                before=numberText(flat[0]), after=numberText(flat[1]), at=at
            )
        )
    if report.get("meanShift") is not None:
        sentences.append(_("Mean shift of homogeneous regions: {shift}.").format(shift=numberText(report["meanShift"])))
    sentences += filter(None, [engine.describe_effect(report)])
    if report.get("within"):
        percent = f"{100 * report['within']['fraction']:.2g}"
        sentences.append(_("Limited to {percent} % of the volume; elsewhere it is as it was.").format(percent=percent))
    return sentences


def _made(report: dict) -> list[str]:
    """How a result was made: stages, network and what was chosen."""
    sentences = []
    stages = report.get("stages") or []
    if stages:
        sentences.append(
            _("Made by: {stages} ({sources}).").format(
                stages=engine.describe_stages(stages), sources=engine.describe_sources(stages)
            )
        )
    network = report.get("network")
    if network and not network["trainedHere"]:
        sentences.append(_("Its network, {name}, was trained on another volume.").format(name=network["name"]))
    if report.get("matchedFraction") is not None:
        sentences.append(_("Matched: {percent} %.").format(percent=round(100 * report["matchedFraction"])))
    if report.get("threshold") is not None:
        how = _("automatic") if report.get("thresholdIsAutomatic") else _("set by hand")
        sentences.append(_("Threshold: {value} ({how}).").format(value=numberText(report["threshold"]), how=how))
    if report.get("pairing") is not None:
        sentences.append(_("Paired: {pairs}.").format(pairs=engine.describe_pairing(report)))
    elif report.get("gap") is not None:
        sentences.append(_("Slices {gap} apart were paired.").format(gap=report["gap"]))
    if report.get("ricianCorrected"):
        sentences.append(_("MR bias corrected (sigma {sigma}).").format(sigma=numberText(report["ricianSigma"])))
    elif report.get("ricianCorrected") is not None:
        sentences.append(_("No MR bias correction."))
    return sentences
