"""The report of a run, as the quality report needs it: is it one, and what does it cost to make the run again?"""

from ..engine import InputError

#: Some of what such a report holds.
ENTRIES = {"stages", "settings", "seconds", "axis", "versions"}


def is_run(report) -> bool:
    """Whether something read from JSON is the report of a run."""
    return isinstance(report, dict) and set(report) >= ENTRIES


def of_frame(run: dict, number: int) -> dict:
    """The report of a run that denoised all frames, as that of one of them: with its figures, and no hashes, which are
    of all frames together.

    Raises:
        InputError: it has no such frame.
    """
    frames = run["frames"]
    if number >= len(frames):
        raise InputError(f"the report of the run tells of the frames 0 to {len(frames) - 1}, and not of frame {number}")
    whole = {key: value for key, value in run.items() if key not in ("inputSHA256", "resultSHA256")}
    return {**whole, **frames[number]}


def price(run: dict | None) -> str:
    """Time and memory of inserting lesions in words, for a report of a run; None: it is not known."""
    if run is None:
        return "the time of one run, and needs the JSON of nsn2n denoise --report (--run)"
    seconds, memory = sum(run["seconds"].values()), run["predictedMemoryMB"]
    return f"about {seconds:.0f} s, as the run took on {run['device']}, and {memory / 1000:.1f} GB of memory"
