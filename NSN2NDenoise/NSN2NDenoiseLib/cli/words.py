"""What the command line says at its end, at most 80 columns wide."""

import sys
import textwrap
from pathlib import Path

from ..engine import describe_effect, describe_pairing, describe_sources, describe_stages

#: A line in red on a terminal.
RED = "\033[31m{}\033[0m"


def describe_run(report: dict, files: list[Path]) -> str:
    """A run in a few lines."""
    lines = [
        f"noise SD   {_number(report['noiseBefore'])} -> {_number(report['noiseAfter'])} in tissue "
        f"(mean shift {_number(report['meanShift'])})",
        f"           {_number(report['flatBefore'])} -> {_number(report['flatAfter'])} where it is flattest, as a "
        "region of interest shows",
        *_wrapped("effect", describe_effect(report)),
        f"threshold  {report['threshold']:g} = {_number(report['thresholdImageUnits'])} image units; "
        f"{100 * report['matchedFraction']:.1f} % of the voxels matched",
        *_made_by(report["stages"]),
        *_wrapped("within", _within(report)),
        *_wrapped("parts", _parts(report)),
        f"computed   {_training(report)}on {report['device']}, seed {report['seed']}",
        f"slices     along {report['axis']}",
        *_wrapped("pairs", f"of {describe_pairing(report)}"),
        f"MR bias    {_bias(report)}",
        f"time       {sum(report['seconds'].values()):.0f} s"
        + (f" (limit {60 * report['minutes']:g} s)" if report["minutes"] else "")
        + (f", at most {report['peakMemoryMB'] / 1000:.1f} GB of memory" if report["peakMemoryMB"] else ""),
        *_wrapped("", _seconds(report["seconds"])),
        *[f"wrote      {file}" for file in files],
        *describe_warnings(report["warnings"], report["alarm"]),
    ]
    return "\n".join(lines)


def describe_inspection(name: str, facts: dict) -> str:
    """`inspect_volume`'s facts for a person."""
    size = " x ".join(str(n) for n in reversed(facts["size"]))
    spacing = " x ".join(f"{s:g}" for s in reversed(facts["spacing"]))
    low, high = facts["range"]
    padding = "none" if facts["padding"] is None else f"{facts['padding']:g} ({100 * facts['paddingFraction']:.1f} %)"
    lags = ", ".join(f"{_number(c, 2)}" for c in facts["sliceCorrelation"])
    rows = {
        "volume": name,
        "size": f"{size} voxels of {spacing} mm, {facts['type']}",
        "range": f"{low:g} to {high:g}",
        "padding": padding,
        "slices": f"{facts['slices']} along {facts['axis']}",
        "noise SD": f"{_number(facts['noiseSD'])} image units = {_number(facts['noisePercent'], 2)} % of the tissue: "
        + _worth(facts),
        "correlation": f"{lags} of the noise of slices 1, 2, 3 apart",
        "pairs": f"slices {facts['gap']} apart",
        "MR bias": "no Rician noise found"
        if facts["ricianSigma"] is None
        else f"Rician noise: sigma {_number(facts['ricianSigma'])}"
        + (" (will be corrected)" if "unbias" in facts["stages"] else " (will not be corrected)"),
        "stages": describe_stages(facts["stages"]) or "none: it would be left as it is",
        "threshold": f"{facts['suggestedThreshold']:g} suggested = "
        f"{_number(facts['suggestedThresholdImageUnits'])} image units",
        **_computed(facts),
        "memory": _memory(facts),
        **_time(facts),
    }
    lines = [line for row in rows.items() for line in _row(*row)]
    return "\n".join([*lines, *_plan(facts["plan"]), *describe_warnings(facts["warnings"])])


def describe_seconds(seconds: float) -> str:
    """A duration as exact as an estimate is: "8 s", "2 min 10 s", "3.4 h"."""
    if seconds >= 3600:
        return f"{seconds / 3600:.1f} h"
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 1 else "1 s"
    minutes, rest = divmod(10 * round(seconds / 10), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def _plan(stages: list[dict]) -> list[str]:
    """A line for each stage: name, seconds, memory."""
    lines = ["plan        stage        seconds  memory"]
    for row in stages:
        seconds = "?" if row["seconds"] is None else f"{row['seconds']:.{0 if row['seconds'] >= 10 else 1}f}"
        lines.append(f"{'':12}{row['stage']:11}{seconds:>9}{row['memoryMB'] / 1000:>5.1f} GB")
    return lines


def _row(key: str, value: str) -> list[str]:
    indent = {"initial_indent": f"{key:12}", "subsequent_indent": " " * 12}
    return textwrap.wrap(value, 79, **indent, break_on_hyphens=False, break_long_words=False)  # paths stay whole


def _made_by(stages: list[str]) -> list[str]:
    if not stages:
        return []
    return [*_wrapped("made by", describe_stages(stages)), *_wrapped("", f"({describe_sources(stages)})")]


def _worth(facts: dict) -> str:
    gain = facts.get("predictedGain")
    told = "" if gain is None else f"{gain:+.1f} dB (+- {facts['predictedGainSD']:.1f})"
    if facts["worthDenoising"]:
        return "worth denoising" + (told and f", {told} without a network")
    return "not worth denoising" + (told and f", {told}: it would be left as it is")


def _within(report: dict) -> str:
    within = report["within"]
    if within is None:
        return ""
    return f"{within['voxels']} voxels, {100 * within['fraction']:.2g} % of the volume; elsewhere it is as it was"


def _parts(report: dict) -> str:
    parts = report.get("parts")
    if parts is None:
        return ""
    how = f"{parts['elsewhere']} of them by other processes" if parts.get("elsewhere") else "one after the other"
    return f"{parts['count']} of {' x '.join(map(str, reversed(parts['sides'])))} voxels, {how}"


def _memory(facts: dict) -> str:
    parts = facts.get("parts")
    if parts is None:
        return (
            f"about {facts['memoryMB'] / 1000:.1f} GB to denoise it, or {facts['gpuMemoryMB'] / 1000:.1f} GB on a GPU"
        )
    return f"about {parts['memoryMB'] / 1000:.1f} GB to denoise it in parts: {_parts(facts)}"


def _computed(facts: dict) -> dict[str, str]:
    if facts["device"] is None:
        return {}
    steps = f"{facts['steps']} training steps " if facts["steps"] else ""
    return {"computed": f"{steps}on {facts['device']}"}


def _time(facts: dict) -> dict[str, str]:
    if "parts" in facts:  # on how much of it a part looks besides is not timed
        return {}
    if facts["seconds"] is None:
        return {"time": "unknown: it could not be timed (is torch installed?)"}
    return {"time": f"about {describe_seconds(facts['seconds'])} to denoise it on this machine"}


def _seconds(seconds: dict[str, float]) -> str:
    longest = [f"{stage} {value:.1f} s" for stage, value in seconds.items() if value >= 0.5]
    return f"({', '.join(longest)})" if longest else ""


def _training(report: dict) -> str:
    if report["steps"]:
        return f"{report['steps']} training steps "
    return f"by the network {report['network']['name']} " if report["network"] else ""


def _wrapped(name: str, text: str) -> list[str]:
    return textwrap.wrap(text, 79, initial_indent=f"{name:11}", subsequent_indent=" " * 11)


def _bias(report: dict) -> str:
    if not report["ricianCorrected"]:
        return "not corrected"
    return f"Rician bias corrected (sigma {_number(report['ricianSigma'])}); the figures above are without it"


def describe_warnings(warnings: list[str], alarm: str | None = None) -> list[str]:
    """Each warning in lines of at most 79 columns; the one that is an alarm in red, on a terminal."""
    red = RED if sys.stdout.isatty() else "{}"
    lines = [textwrap.fill(f"Warning: {text}", 79, subsequent_indent="  ") for text in warnings]
    return [red.format(line) if text == alarm else line for text, line in zip(warnings, lines, strict=True)]


def _number(value: float | None, digits: int = 3) -> str:
    return "unknown" if value is None else f"{value:.{digits}g}"
