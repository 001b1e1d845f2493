"""How Slicer and the child process talk: a job file, one JSON object per line each way, an exit status.

Plain Python: the child reads it without slicer, qt or vtk.

Slicer to child, on stdin, one command per line: ``cancel``; ``keep`` (end the run with the best result so far, or the
first one, or with the frames that are done); ``residual K J I`` (compute the residual now; the voxel
k, j, i is looked at, so its slice comes first); ``focus K J I`` (now this voxel is looked at); ``show N T K K J J I I``
(number N, which replaces any number before: the result with threshold T, or ``auto``, in this box, from where to where
along each axis); ``ahead`` with the same words (nobody looks there yet: no sketch of it). The end of stdin means that
Slicer is gone: the child removes the job's directory and ends.

Child to Slicer, on stdout: lines that start with `PREFIX` carry one message; every other line, and stderr, is log.

| message ``type`` | fields |
|---|---|
| ``progress`` | ``stage``, ``fraction`` (0 to 1), ``loss``, ``secondsLeft`` (the last two may be null) |
| ``matching`` | ``axis``, ``gap``, ``slices``, ``scale``, ``warnings``: see `engine.Matching` |
| ``suggested`` | ``threshold``: the automatic one, normalized |
| ``cost`` | ``stages`` that the preset runs; ``seconds`` of each that it could run; ``network``: of a trained one's |
| ``frame`` | ``number``, ``report``: the result of a frame stands in its file (`denoised_frame`) |
| ``first`` | ``report``: a result that is usable while better ones are to come stands in `FIRST_FILE` |
| ``slices`` | ``indices``: slices whose residual now stands in `RESIDUAL_FILE` |
| ``sketched`` | ``number``, ``box`` (K K J J I I): about what its result will be stands in `sketch_file` |
| ``shown`` | ``number``, ``box`` (K K J J I I): its result, or more, stands in `preview_file` |
| ``notShown`` | ``number``, ``message``: there is none |
| ``done`` | ``report`` (of a denoising run) |
| ``error`` | ``kind`` ("input", "settings", "run", "missing", "files" or "internal"), ``message``, ``details`` |
"""

import json
import math
import os

#: Starts every line that is a message.
PREFIX = "NSN2N:"

#: Exit status of the child.
DONE, FAILED, UNUSABLE, PARENT_GONE, CANCELLED = 0, 1, 2, 129, 130

#: Files of a job, all inside its private directory.
JOB_FILE = "job.json"
VOLUME_FILE = "volume.npy"
DENOISED_FILE = "denoised.npy"
FIRST_FILE = "first.npy"
RESIDUAL_FILE = "residual.float32"
WITHIN_FILE = "within.npy"
#: The network that a run has trained, where one was and safetensors is installed.
NETWORK_FILE = "network.safetensors"
#: The result that a quality report is about, and the page.
RESULT_FILE, PAGE_FILE = "result.npy", "page.html"

#: Tasks of a job: train and denoise a volume; or all frames of a sequence, ``frames`` of them; compute the residual
#: that the mask's preview thresholds; show boxes of a result; make the quality report of a result.
DENOISE, FRAMES, MATCH, SHOW, QUALITY = "denoise", "frames", "match", "show", "quality"


def frame_file(number: int) -> str:
    """The file that holds a frame of a sequence, (K, J, I)."""
    return f"frame-{number}.npy"


def denoised_frame(number: int) -> str:
    """The file that holds its result."""
    return f"denoised-{number}.npy"


def preview_file(number: int) -> str:
    """Where the voxels of preview `number` stand."""
    return f"preview{number}.npy"


def sketch_file(number: int) -> str:
    """Where the voxels of what is shown before preview `number` stand."""
    return f"sketch{number}.npy"


def write_job(directory: str, job: dict) -> None:
    """Write a job's parameters; the volume is written beside it as `VOLUME_FILE` (K, J, I)."""
    with open(os.path.join(directory, JOB_FILE), "w", encoding="utf-8") as file:
        json.dump(job, file)


def read_job(directory: str) -> dict:
    """The inverse of `write_job`."""
    with open(os.path.join(directory, JOB_FILE), encoding="utf-8") as file:
        return json.load(file)


def message_line(message: dict) -> str:
    """One message as the line that carries it; NaN and infinity become null."""
    return PREFIX + json.dumps(_finite(message), separators=(",", ":")) + "\n"


def parse_line(line: str) -> dict | None:
    """The message that a line carries; None when the line is log, or a message that was cut short."""
    if not line.startswith(PREFIX):
        return None
    try:
        message = json.loads(line[len(PREFIX) :])
    except ValueError:
        return None
    return message if isinstance(message, dict) and "type" in message else None


class LineBuffer:
    """Cuts a byte stream into whole lines of text, whatever pieces it arrives in."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes, without their line ends; undecodable bytes are replaced."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [line.decode("utf-8", errors="replace").rstrip("\r") for line in lines]

    def flush(self) -> list[str]:
        """What is left when the stream has ended."""
        rest, self._rest = self._rest, b""
        return [rest.decode("utf-8", errors="replace")] if rest else []


def _finite(value):
    """The value with every number that JSON can't hold replaced by None."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
