"""From an input and its result to all that the quality report shows, for the command line and the panel."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np

from .. import __version__, engine
from ..engine.judge.contrast import measure_contrast, settings_of
from ..engine.judge.identity import voxel_hash
from ..engine.judge.limits import check_limits
from ..engine.judge.quality import changed_part, ends_of, measure_quality, noise_left_by
from ..engine.noise.rician import put_back_bias
from ..engine.volume.axes import slices_back, slices_first
from .page import Content
from .pictures import Geometry, noise_picture, slice_pictures
from .runs import MEASURED, bias_comes_back, is_of_another, is_of_others, own_figures, price


@dataclass(frozen=True)
class Pair:
    """An input and a result of it, without a word about the patient.

    Attributes:
        volume, result: (K, J, I), image units, on one grid.
        spacing: (k, j, i) in mm.
        directions: (3, 3), columns: i, j, k; rows: left, posterior, superior.
        positions: of the slices along axis k, mm, where slices are missing or irregular; None: they are not.
        modality: of DICOM, or None.
    """

    volume: np.ndarray
    result: np.ndarray
    spacing: tuple[float, float, float]
    directions: np.ndarray
    positions: np.ndarray | None = None
    modality: str | None = None


def compose(
    pair: Pair,
    run: dict | None,
    lesions: bool = False,
    title: str = "",
    progress: Callable[[engine.Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Content:
    """Measure and draw.

    Args:
        pair: what is judged.
        run: the report of the run that made the result, or None where it is not known.
        lesions: insert lesions and run the same stages again, see `price`; `progress` is that run's.
        title: of the page.
        should_stop: asked between steps.

    Raises:
        SettingsError: lesions, where the run can't be made again (see `settings_of`).
        InputError: the result has voxels that are no numbers; and InputError, RunError, Cancelled: as `take_look` and
            `measure_contrast`.
    """
    _check(pair.result)
    if lesions:
        settings_of(run)
    axis = "auto" if run is None else run["axis"]
    look, slices = engine.take_look(pair.volume, axis=axis, spacing=pair.spacing, positions=pair.positions)
    identity = _identify(pair)
    judged = _judged(pair, run, identity, look.axis, slices.excluded)
    part = _part(pair, run, identity, look.axis)
    left = noise_left_by(None if run is None or is_of_others(run, identity) else run)
    figures = measure_quality(pair.volume, judged, look, slices, pair.spacing, left, part)
    ends = ends_of(part, look.shape[0])
    del slices, judged, part
    if lesions:
        figures["contrast"] = measure_contrast(
            pair.volume, pair.result, look, run, pair.spacing, pair.positions, progress, should_stop
        )
    if run is not None:
        figures = _by_run(figures, own_figures(run, identity))
    geometry = Geometry(pair.directions, pair.spacing[::-1])
    pictures, pictures_text = slice_pictures(pair.volume, pair.result, look, geometry, ends)
    return Content(
        title,
        identity,
        run,
        figures,
        check_limits(figures),
        pictures,
        pictures_text,
        noise_picture(look, geometry),
        _made_by(),
        price(run),
        _notes(run, identity, figures),
    )


def _check(result: np.ndarray) -> None:
    """Raise InputError where a result, which may be another program's, has NaN or infinite voxels."""
    bad = 0 if result.dtype.kind in "iu" else int(result.size - np.isfinite(result).sum())
    if bad:
        raise engine.InputError(f"{bad} voxels of the result are NaN or infinite, so it can't be judged")


def _identify(pair: Pair) -> dict:
    """What says which volumes these are, and nothing of the patient: no name of a file, no tag but the modality."""
    return {
        "size": list(reversed(pair.volume.shape)),
        "spacing": [f"{s:.4g}" for s in reversed(pair.spacing)],
        "type": str(pair.volume.dtype),
        "modality": pair.modality,
        "inputSHA256": voxel_hash(pair.volume),
        "resultSHA256": voxel_hash(pair.result),
    }


def _judged(pair: Pair, run: dict | None, identity: dict, axis: str, excluded: np.ndarray | None) -> np.ndarray:
    """The result, with the bias of MR where its run took one away: that moves values, as it should."""
    if not bias_comes_back(run, identity):
        return pair.result
    before, after = slices_first(pair.volume, axis), slices_first(pair.result, axis)
    return slices_back(put_back_bias(before, after, run["ricianSigma"], run["strength"], excluded), axis)


def _part(pair: Pair, run: dict | None, identity: dict, axis: str) -> np.ndarray | None:
    """What alone was denoised, (slices, rows, columns) bool; None: the whole volume, or it is not known."""
    if run is None or not run.get("within") or is_of_others(run, identity):
        return None
    return changed_part(slices_first(pair.volume, axis), slices_first(pair.result, axis))


def _by_run(figures: dict, own: dict) -> dict:
    """The figures with the run's own in their place; those measured on the volumes are kept as "ofVolumes"."""
    return {**figures, **own, "ofVolumes": {key: figures[key] for key in MEASURED if key in own}}


def _notes(run: dict | None, identity: dict, figures: dict) -> list[str]:
    """What does not fit together, or is not known."""
    found = []
    if figures["identical"]:
        found.append("Input and result are the same voxel by voxel: nothing was removed.")
        if run is not None and not run["stages"] and not is_of_another(run, identity, "result"):
            found[0] += " " + engine.describe_effect(run)
    if run is None:
        found.append("No report of the run was given: how the result was made is not known.")
        return found
    if run.get("alarm") and not is_of_another(run, identity, "result"):
        mixed = " (Judged before input was mixed back in.)" if run["strength"] < 1 else ""
        found.insert(0, run["alarm"] + mixed)
    for which in ("input", "result"):
        if is_of_another(run, identity, which):
            found.append(f"The {which} is not the one of the run whose report was given: their hashes differ.")
    if run.get("within"):
        found.append(
            f"Only a part of the volume was denoised, {100 * run['within']['fraction']:.2g} % of its voxels; the rest "
            "is the input. What is measured on the volumes is of that part, as far as it has full strength; the run's "
            "own figures are of the box around it that it worked on."
        )
    if bias_comes_back(run, identity):
        found.append(
            "The run took the Rician bias of a magnitude image away, which moves values where the signal is weak, as "
            "it should. So figures and limits are of the result with this bias put back; the pictures show it as it is."
        )
    elif run["ricianCorrected"]:
        found.append(
            "The run took the Rician bias of a magnitude image away. Shift, leak and correlation of the removed noise "
            "include that bias, which is smooth and strongest where the signal is weak."
        )
    return found


def _made_by() -> dict:
    """Program, date and machine of the page."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}"
    return {"program": f"nsn2n {__version__}", "date": now, "machine": machine}
