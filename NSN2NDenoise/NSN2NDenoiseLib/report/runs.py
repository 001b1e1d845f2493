"""The report of a run, as the quality report needs it: is it one, and what does it cost to make the run again?"""

from ..engine import InputError
from ..engine.judge.quality import strength_since

#: What such a report must hold; what else is read, reports of earlier versions lack.
ENTRIES = {
    *("stages", "preset", "strength", "settings", "seed", "threshold", "thresholdImageUnits", "axis", "gap"),
    *("ricianCorrected", "device", "precision", "versions", "seconds", "peakMemoryMB", "predictedMemoryMB", "warnings"),
}

#: Figures that a run has measured itself, and what they are called.
MEASURED = {
    "noiseBefore": "noise SD before",
    "noiseAfter": "noise SD after",
    "flatBefore": "SD where tissue is flattest, before",
    "flatAfter": "SD there, after",
    "meanShift": "median shift of homogeneous blocks",
    "worstBlockShift": "largest shift of a block",
    "homogeneousBlocks": "homogeneous blocks",
}


def is_run(report) -> bool:
    """Whether something read from JSON is the report of a run."""
    return isinstance(report, dict) and set(report) >= ENTRIES


def is_of_another(run: dict, identity: dict, which: str) -> bool:
    """Whether a run's "input" or "result" (`which`) was another volume; False where its report has no hash of it."""
    return run.get(f"{which}SHA256") not in (None, identity[f"{which}SHA256"])


def is_of_others(run: dict, identity: dict) -> bool:
    """Whether a run's input or its result was another volume."""
    return any(is_of_another(run, identity, which) for which in ("input", "result"))


def bias_comes_back(run: dict | None, identity: dict) -> bool:
    """Whether a result has to be judged with the bias of MR that its run took away: it is the run's, and all of the
    volume is, so that it is known where the bias went."""
    if run is None or not run["ricianCorrected"] or run.get("ricianSigma") is None or run.get("within"):
        return False
    return run["strength"] > 0 and not is_of_others(run, identity)


def own_figures(run: dict, identity: dict) -> dict:
    """What the run has measured itself that holds for this result of this input.

    A run judges what was removed before it mixes input back in, and measures before it takes a bias away (see
    `bias_comes_back`).

    Args:
        run: the report.
        identity: "inputSHA256" and "resultSHA256" of the two volumes.

    Returns:
        "anatomyRemoved", 0 to 1, unless the report is of other volumes; entries of `MEASURED`, image units, where it is
        of these for certain; as far as the report has them.
    """
    if strength_since(run) < 1 or is_of_others(run, identity):
        return {}
    is_alike = not run["ricianCorrected"] or bias_comes_back(run, identity)
    is_certain = "inputSHA256" in run and "resultSHA256" in run and is_alike
    holds = (*(("anatomyRemoved",) if run["strength"] == 1 else ()), *(MEASURED if is_certain else ()))
    return {key: run[key] for key in holds if key in run}


def of_frame(run: dict, number: int) -> dict:
    """The report of a run that denoised all frames, as that of one of them: with its figures, and no hashes, which are
    of all frames together.

    Raises:
        InputError: it has no such frame.
    """
    frames = run["frames"]
    if number >= len(frames):
        raise InputError(f"the report of the run tells of the frames 0 to {len(frames) - 1}, and not of frame {number}")
    whole = {key: value for key, value in run.items() if key not in ("inputSHA256", "resultSHA256", "frames")}
    return {**whole, **frames[number]}


def price(run: dict | None) -> str:
    """Time and memory of inserting lesions in words, for a report of a run; None: it is not known."""
    if run is None:
        return "the time of one run, and needs the JSON of nsn2n denoise --report (--run)"
    seconds, memory = sum(run["seconds"].values()), run["predictedMemoryMB"]
    return f"about {seconds:.0f} s, as the run took on {run['device']}, and {memory / 1000:.1f} GB of memory"
