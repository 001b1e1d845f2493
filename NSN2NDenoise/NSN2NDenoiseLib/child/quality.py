"""The page of the quality report, in the child process: it may insert lesions and run the same stages again."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.judge.identity import voxel_hash
from NSN2NDenoiseLib.report.compose import Pair, compose
from NSN2NDenoiseLib.report.page import make_page

CHANGED = (
    "The input volume is not what it was when it was denoised: its voxels were changed since then, so its result can't "
    "be judged by it. Undo the change, or load it again and denoise it anew."
)


def write_page(
    path: str,
    job: dict,
    volume: np.ndarray,
    result: np.ndarray,
    progress: Callable[[engine.Progress], None],
    should_stop: Callable[[], bool],
) -> None:
    """Write the page of a result.

    Args:
        path: of the page.
        job: "run" (its report), "spacing" (k, j, i), "directions", "modality", "lesions" (whether to insert them).
        volume, result: (K, J, I).
        progress, should_stop: of the run with lesions.

    Raises:
        InputError: the volume is another one than that of the run; and as `compose`.
    """
    run = job["run"]
    if run.get("inputSHA256") not in (None, voxel_hash(volume)):
        raise engine.InputError(CHANGED)
    pair = Pair(volume, result, tuple(job["spacing"]), np.array(job["directions"]), modality=job["modality"])
    content = compose(pair, run, job["lesions"], progress=progress, should_stop=should_stop)
    Path(path).write_text(make_page(content), encoding="utf-8")
