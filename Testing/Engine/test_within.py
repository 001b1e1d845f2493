"""Only where it is wanted: a part of a volume becomes what it becomes in the whole; the preview is such a part."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine import box_by_box
from NSN2NDenoiseLib.engine.filter import bayes, collaborative, on_cpu, similar
from NSN2NDenoiseLib.engine.stages.spare import try_samples
from NSN2NDenoiseLib.engine.volume.part import GRID, find_part, shifted
from NSN2NDenoiseLib.engine.volume.seam import SEAM, seam
from scipy import ndimage

from Testing.Engine.phantoms import magnitude, mr_phantom, phantom

FAST = engine.Settings.from_preset("fast", device="cpu")
#: Where the filter runs in torch, sums come in another order, and a voxel of a group may be another one: HU.
TORCH = 0.5


def volume_of(kind: str, shape: tuple[int, int, int]) -> np.ndarray:
    """Anatomy that differs from slice to slice, with white or colored noise of SD 20; float32."""
    random = np.random.default_rng(0)
    anatomy = ndimage.gaussian_filter(random.standard_normal(shape), (3, 4, 4), mode="wrap")
    clean = 60 * np.sign(anatomy) + 200 * (anatomy / anatomy.std())
    noise = random.standard_normal(shape)
    if kind == "colored":
        noise = ndimage.gaussian_filter(noise, (0, 0.8, 0.8))
    return (clean + 20 * noise / noise.std()).astype(np.float32)


#: Volumes of which a part is smaller than the whole along one axis: its end, or the piece between two cuts.
CASES = [
    ("white", (6, 24, 200), np.s_[:, 4:20, 168:200]),
    ("white", (6, 270, 24), np.s_[1:5, 96:112, :]),
    ("white", (78, 16, 20), np.s_[38:40, :, :]),
    ("colored", (6, 24, 220), np.s_[:, :, 190:210]),
    ("colored", (90, 16, 20), np.s_[84:90, :, :]),
]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def case(request):
    """A noisy volume, where it is wanted, and the result of a run on the whole."""
    kind, shape, where = request.param
    noisy, wanted = volume_of(kind, shape), np.zeros(shape, bool)
    wanted[where] = True
    return noisy, wanted, engine.denoise(noisy, FAST)


def test_inside_it_is_what_the_whole_gives_and_outside_what_it_was(case):
    noisy, wanted, whole = case
    part = engine.denoise(noisy, FAST, within=wanted)
    box = part.report["within"]["box"]
    assert np.prod([b - a for a, b in box]) < 0.85 * noisy.size
    np.testing.assert_array_equal(part.denoised[~wanted], noisy[~wanted])
    inside = wanted & (seam(wanted) == 1)
    assert inside.sum() > 500
    np.testing.assert_array_equal(part.denoised[inside], whole.denoised[inside])
    mixed = noisy + seam(wanted) * (whole.denoised - noisy)
    np.testing.assert_allclose(part.denoised[wanted], mixed[wanted], atol=2e-3)
    for name in ("noiseBefore", "threshold", "gap", "noiseKept"):
        assert part.report[name] == whole.report[name]
    assert part.report["stages"][-1] == "within" and "only where" in engine.describe_stages(part.report["stages"])
    assert part.report["within"]["voxels"] == wanted.sum()
    assert part.report["predictedMemoryMB"] <= whole.report["predictedMemoryMB"]
    inner = tuple(slice(a, b) for a, b in box)
    np.testing.assert_array_equal(part.weights[wanted], whole.weights[wanted])
    assert part.weights.sum() == part.weights[inner].sum()


def test_the_preview_shows_the_voxels_of_the_run(case):
    noisy, wanted, whole = case
    k, j, i = (np.flatnonzero(wanted.any(axis=axes))[0] for axes in ((1, 2), (0, 2), (0, 1)))
    preview = engine.ResultPreview(noisy)
    box, voxels = preview.box((slice(k, k + 1), slice(j, j + 10), slice(i, i + 8)), FAST)
    assert box[0].start <= k < box[0].stop and box[1].stop >= j + 10
    np.testing.assert_array_equal(voxels, whole.denoised[box])


@pytest.mark.parametrize("kind", ["white", "colored"])
def test_what_was_made_of_a_box_is_not_made_again(kind, monkeypatch):
    """Scrolling shows the voxels of the run at a part of the price, also after a wish that was given up on the way."""
    noisy = volume_of(kind, (54, 20, 24))
    whole, done = engine.denoise(noisy, FAST).denoised, []

    def counted(work):
        return lambda *given, **how: done.append(1) or work(*given, **how)

    for module, name in ((collaborative, "filter_slab"), (bayes, "_compiled")):
        monkeypatch.setattr(module, name, counted(getattr(module, name)))

    def tried(*given):
        before = len(done)
        samples = try_samples(*given)
        del done[before:]
        return samples

    monkeypatch.setattr(box_by_box, "try_samples", tried)

    def slabs(preview: engine.ResultPreview, k: int, should_stop=None) -> int:
        """How many the filter does for the box around slice k, whose voxels are those of the run."""
        done.clear()
        box, voxels = preview.box(np.s_[k : k + 1, 0:20, 0:24], FAST, should_stop)
        np.testing.assert_array_equal(voxels, whole[box])
        return len(done)

    preview = engine.ResultPreview(noisy)
    first = slabs(preview, 24)
    assert slabs(preview, 28) == slabs(preview, 24) == 0  # the same six slices
    assert 0 < slabs(preview, 30) < 0.5 * first
    slabs(preview, 48), slabs(preview, 0)
    assert [slabs(preview, k) for k in range(0, 54, 6)].count(0) >= 5

    if kind == "colored":  # given up in the second of two stages
        other = engine.ResultPreview(noisy)
        with pytest.raises(engine.Cancelled):
            slabs(other, 24, lambda: len(done) > 0.8 * first)
        assert 0 < slabs(other, 24) < 0.7 * first

    monkeypatch.setattr(box_by_box, "free_memory_mb", lambda: 0.1)
    forgetful = engine.ResultPreview(noisy)
    assert slabs(forgetful, 24) == slabs(forgetful, 24) == first


def test_a_part_is_left_as_it_was_where_the_whole_is(monkeypatch):
    """The samples decide, in the whole, too, whose own gain is another one."""
    noisy, where = volume_of("white", (6, 24, 200)), np.s_[:, 4:20, 168:200]
    wanted = np.zeros(noisy.shape, bool)
    wanted[where] = True
    whole = engine.denoise(noisy, FAST)
    gains = [whole.report[name] for name in ("predictedGain", "predictedGainOfSamples")]
    for least in (min(gains), max(gains)):
        monkeypatch.setattr(sys.modules["NSN2NDenoiseLib.engine.stages.spare"], "LEAST_GAIN", least + 0.01)
        results = [engine.denoise(noisy, FAST, within=within) for within in (None, wanted)]
        assert results[0].report["leftAsItWas"] == results[1].report["leftAsItWas"] == (gains[1] < least + 0.01)
        sure = wanted & (seam(wanted) == 1)
        np.testing.assert_array_equal(results[1].denoised[sure], results[0].denoised[sure])


def test_the_preview_follows_threshold_axis_and_type():
    noisy = np.round(volume_of("white", (13, 24, 28))).astype(np.int16).swapaxes(0, 1).copy()
    settings = engine.Settings.from_preset("fast", device="cpu", threshold=0.004, axis="j")
    whole = engine.denoise(noisy, settings)
    box, voxels = engine.ResultPreview(noisy, axis="j").box(np.s_[0:24, 7:8, 0:28], settings)
    assert voxels.dtype == np.int16 and box == np.s_[0:24, 6:12, 0:28]
    np.testing.assert_array_equal(voxels, whole.denoised[box])
    other = engine.ResultPreview(noisy, axis="j").box(box, FAST)[1]
    assert not np.array_equal(voxels, other)


def test_the_preview_tries_the_samples_once_for_all_boxes(monkeypatch):
    tried = []
    monkeypatch.setattr(box_by_box, "try_samples", lambda *given: tried.append(given) or try_samples(*given))
    noisy = volume_of("white", (8, 24, 100))
    preview, gentler = engine.ResultPreview(noisy), replace(FAST, threshold=0.004)
    for settings, tries in ((FAST, 1), (gentler, 2), (FAST, 3)):
        whole = engine.denoise(noisy, settings)
        for first in (0, 72):
            box, voxels = preview.box(np.s_[2:3, 0:24, first : first + 24], settings)
            np.testing.assert_array_equal(voxels, whole.denoised[box])
        assert len(tried) == tries


def test_the_preview_ends_when_it_is_not_wanted_any_more():
    preview = engine.ResultPreview(volume_of("white", (6, 24, 24)))
    for show in (preview.box, preview.sketch):
        with pytest.raises(engine.Cancelled):
            show(np.s_[0:1, 0:24, 0:24], FAST, should_stop=lambda: True)


@pytest.mark.parametrize("box", [np.s_[4:5, 0:36, 10:40], np.s_[0:10, 20:21, 0:44]])
def test_a_sketch_is_about_the_result(box):
    noisy = volume_of("white", (10, 36, 44))
    preview = engine.ResultPreview(noisy)
    sketch = preview.sketch(box, FAST)
    around, result = preview.box(box, FAST)
    result = result[shifted(box, around)]
    assert sketch.shape == result.shape and sketch.dtype == noisy.dtype
    assert (sketch - result).std() < 0.5 * (noisy[box] - result).std()


def test_the_sketch_follows_threshold_axis_and_type():
    noisy = np.round(volume_of("white", (20, 24, 28))).astype(np.int16).swapaxes(0, 1).copy()
    preview, box = engine.ResultPreview(noisy, axis="j"), np.s_[3:20, 7:8, 0:28]
    found = preview.sketch(box, FAST)
    assert found.shape == (17, 1, 28) and found.dtype == np.int16
    assert not np.array_equal(found, preview.sketch(box, engine.Settings.from_preset("fast", threshold=0.004)))


def test_without_compiled_kernels_it_is_nearly_so(monkeypatch):
    for module in (on_cpu, similar):
        monkeypatch.setattr(module, "compiled", lambda: None)
    noisy = volume_of("white", (6, 24, 230))
    wanted = np.zeros(noisy.shape, bool)
    wanted[:, :, 205:230] = True
    whole, part = engine.denoise(noisy, FAST), engine.denoise(noisy, FAST, within=wanted)
    assert part.report["within"]["box"][2][0] > 0
    inside = wanted & (seam(wanted) == 1)
    assert np.abs(part.denoised - whole.denoised)[inside].max() < TORCH


def test_the_seam_by_hand():
    wanted = np.zeros((3, 12, 20), bool)
    wanted[1, 2:11, 5:20] = True
    found = seam(wanted)
    assert found.dtype == np.float32 and (found[[0, 2]] == 0).all()
    np.testing.assert_allclose(found[1, 6], [0] * 5 + [0.25, 0.5, 0.75] + [1] * 12)  # the volume's end is no edge
    np.testing.assert_allclose(found[1, :, 12], [0, 0, 0.25, 0.5, 0.75, 1, 1, 1, 0.75, 0.5, 0.25, 0])
    assert np.abs(np.diff(found[1], axis=0)).max() <= 1 / (SEAM + 1)


def test_a_part_begins_on_the_grid_and_reaches_far_enough():
    wanted = np.zeros((50, 100, 200), bool)
    wanted[20:23, 90:95, 150:160] = True
    part = find_part(wanted, "k", wanted.shape, (5, 10, 20), (0, 1, 20))
    assert part.core == np.s_[20:23, 90:95, 150:160]
    assert part.box == np.s_[12:28, 72:100, 120:180]
    assert all(side.start % step == 0 for side, step in zip(part.box, GRID, strict=True))
    assert part.filtered == np.s_[6:11, 0:24, 0:60]
    np.testing.assert_array_equal(part.wanted, wanted[part.box])
    assert find_part(wanted, "i", (200, 50, 100), (0, 0, 0), (0, 0, 0)).core == np.s_[150:160, 20:23, 90:95]


@pytest.mark.parametrize("kind", [np.int16, np.float32, np.float64])
def test_outside_not_a_bit_changes(kind):
    noisy = phantom(slices=6, side=48)[1].astype(kind)
    wanted = np.zeros(noisy.shape, bool)
    wanted[2:4, 20:30, 14:30] = True
    result = engine.denoise(noisy, FAST, within=wanted).denoised
    assert result.dtype == kind and result[~wanted].tobytes() == noisy[~wanted].tobytes()
    assert (result != noisy)[wanted].any()


def test_a_network_learns_from_the_part_alone():
    noisy = volume_of("colored", (8, 200, 48))
    wanted = np.zeros(noisy.shape, bool)
    wanted[2:6, 4:40, 10:40] = True
    quick = {"learn": True, "width": 4, "levels": 2, "steps": 10, "batch": 2, "crop": 32, "device": "cpu"}
    result = engine.denoise(noisy, engine.Settings.from_preset(**quick), within=wanted)
    stages = result.report["stages"]
    assert stages[:4] == ["first", "similar", "learn", "refine"] and stages[-1] == "within"
    assert result.report["within"]["box"][1][1] < 200
    np.testing.assert_array_equal(result.denoised[~wanted], noisy[~wanted])
    assert np.abs(result.denoised - noisy)[wanted].mean() > 5


def test_a_first_result_and_one_that_is_kept_stay_in_the_region():
    noisy, firsts = volume_of("colored", (6, 48, 48)), []
    wanted = np.zeros(noisy.shape, bool)
    wanted[2:5, 10:30, 10:30] = True
    settings = engine.Settings.from_preset("fast", device="cpu", strength=0.5)
    kept = engine.denoise(noisy, settings, within=wanted, should_keep=lambda: bool(firsts), on_first=firsts.append)
    assert kept.report["stoppedEarly"] and kept.report["stages"][-2:] == ["strength", "within"]
    for result in (*firsts, kept):
        np.testing.assert_array_equal(result.denoised[~wanted], noisy[~wanted])
        assert (result.denoised != noisy)[wanted].mean() > 0.9


def test_strength_and_bias_hold_for_a_part():
    noisy = magnitude(mr_phantom(slices=6, side=96), 12)
    wanted = np.zeros(noisy.shape, bool)
    wanted[:, 30:70, 30:70] = True
    settings = engine.Settings.from_preset("fast", device="cpu", strength=0.5, rician="on")
    whole, part = engine.denoise(noisy, settings), engine.denoise(noisy, settings, within=wanted)
    assert part.report["stages"][-3:] == ["unbias", "strength", "within"]
    inside = wanted & (seam(wanted) == 1)
    np.testing.assert_array_equal(part.denoised[inside], whole.denoised[inside])


def test_a_clean_volume_is_left_as_it_was():
    clean = ndimage.gaussian_filter(phantom(slices=6, side=48)[0], 1.5)
    wanted = np.zeros(clean.shape, bool)
    wanted[:, 20:30, 20:30] = True
    result = engine.denoise(clean, FAST, within=wanted)
    assert result.denoised.tobytes() == clean.tobytes() and result.report["leftAsItWas"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (np.zeros((6, 48, 48), bool), "the mask is empty"),
        (np.ones((6, 48, 40), bool), r"bool \(6, 48, 40\); a boolean array as large as the volume, \(6, 48, 48\)"),
        (np.ones((6, 48, 48), np.uint8), "uint8"),
        ([True], "list"),
    ],
)
def test_a_mask_that_says_nothing_is_refused(wanted, message):
    with pytest.raises(engine.InputError, match=message):
        engine.denoise(phantom(slices=6, side=48)[1], FAST, within=wanted)
