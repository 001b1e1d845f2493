"""Volumes that are not in memory: the look and the voxels are those of a run in memory, brick by brick."""

import sys
import weakref
from dataclasses import fields

import numpy as np
import pytest
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.large import bricks, parts, run, stack, work
from NSN2NDenoiseLib.engine.large.bricks import brick_memory_mb, choose_bricks, look_memory_mb
from NSN2NDenoiseLib.engine.large.look import take_look_at_stored
from NSN2NDenoiseLib.engine.volume.part import GRID
from scipy import ndimage

from Testing.Engine.phantoms import magnitude, mr_phantom, phantom

FAST = engine.Settings.from_preset("fast", device="cpu")


def volume_of(kind: str, shape: tuple[int, int, int]) -> np.ndarray:
    """Anatomy that differs from slice to slice, with noise of SD 20; one kind has padding that is written."""
    random = np.random.default_rng(0)
    anatomy = ndimage.gaussian_filter(random.standard_normal(shape), (3, 4, 4), mode="wrap")
    noise = random.standard_normal(shape)
    if kind == "colored":
        noise = ndimage.gaussian_filter(noise, (0, 0.8, 0.8))
    volume = 60 * np.sign(anatomy) + 200 * (anatomy / anatomy.std()) + 20 * noise / noise.std()
    if kind == "colored":
        return volume.astype(np.float32)
    volume = np.round(volume).clip(-1900, None).astype(np.int16)
    volume[:, : shape[1] // 4, : shape[2] // 8] = -2000
    volume[5:9, : shape[1] // 4, : shape[2] // 4] = -2000
    volume[12:, 2, shape[2] // 8 : shape[2] // 8 + 3] = -2000  # a sliver that only touches the padding
    volume[3, 20, 20:22] = -2000  # alone: no padding
    return volume


class Stored:
    """What of a stored array is asked for, and how much of it at once."""

    def __init__(self, array: np.ndarray) -> None:
        self._array, self.shape, self.dtype, self.most = array, array.shape, array.dtype, 0

    def __getitem__(self, box):
        found = self._array[box]
        self.most = max(self.most, found.size)
        return found

    def __setitem__(self, box, values) -> None:
        self._array[box] = values


def cut(monkeypatch, sides: tuple[int, int, int]) -> None:
    """Have volumes cut in bricks of these sides, whatever the memory."""

    monkeypatch.setattr(parts, "choose_bricks", lambda shape, *_: bricks.cut(shape, sides))


@pytest.mark.parametrize(
    ("kind", "shape", "sides"),
    [("padded", (84, 24, 24), (42, 24, 24)), ("colored", (8, 24, 220), (8, 24, 120))],
    ids=("padded", "colored"),
)
def test_voxels_are_those_of_a_run_in_memory(monkeypatch, kind, shape, sides):
    volume = volume_of(kind, shape)
    whole = engine.denoise(volume, FAST, spacing=(1, 1, 1))
    cut(monkeypatch, sides)
    monkeypatch.setattr(stack, "AT_ONCE", 2 * volume[0].nbytes)
    source, target, told = Stored(volume), np.zeros_like(volume), []
    report = engine.denoise_stored(source, target, FAST, spacing=(1, 1, 1), progress=told.append)
    assert target.tobytes() == whole.denoised.tobytes() and not np.array_equal(target, volume)
    assert source.most < 0.95 * volume.size
    assert report["parts"]["count"] == np.prod([-(-a // b) for a, b in zip(shape, sides, strict=True)])
    own = whole.report
    assert set(report) == set(own) | {"parts"}
    for name in ("stages", "threshold", "padding", "gap", "noiseBefore", "noiseKept", "homogeneousBlocks", "axis"):
        assert report[name] == own[name], name
    gains = ("predictedGain", "predictedGainAtFullStrength", "justifiedStrength")
    for name in ("noiseAfter", "worstBlockShift", "flatBefore", "flatAfter", *gains):
        assert report[name] == pytest.approx(own[name], rel=2e-3), name
    assert report["matchedFraction"] == pytest.approx(own["matchedFraction"], abs=0.01)
    assert report["anatomyRemoved"] == pytest.approx(own["anatomyRemoved"], abs=0.03)
    fractions = [progress.fraction for progress in told]
    assert fractions == sorted(fractions) and fractions[-1] == 1


@pytest.mark.parametrize("kind", ["padded", "colored", "empty", "no tissue"])
def test_the_look_is_the_same_number_by_number(monkeypatch, kind):
    volume = volume_of("padded" if kind != "colored" else kind, (20, 40, 48))
    if kind == "empty":  # the padding's value is noise's, too: only squares are padding
        volume = np.maximum(volume, -100)
        volume[:, :12, :12] = -100
    if kind == "no tissue":
        volume = np.where(np.arange(48) % 2, 0, 500).astype(np.int16) * np.ones((20, 40, 1), np.int16)
        volume += np.arange(20, dtype=np.int16)[:, None, None]
    monkeypatch.setattr(stack, "AT_ONCE", volume[0].nbytes)
    look, slices = engine.take_look(volume, spacing=(2, 1, 1))
    found, lazy = take_look_at_stored(Stored(volume), spacing=(2, 1, 1))
    for name in (field.name for field in fields(look)):
        _assert_same(getattr(found, name), getattr(look, name))
    np.testing.assert_array_equal(lazy.values[:], slices.values)
    assert (lazy.excluded is None) == (slices.excluded is None)
    if slices.excluded is not None:
        np.testing.assert_array_equal(lazy.excluded[2:18, 3:30, 1:40], slices.excluded[2:18, 3:30, 1:40])


def _assert_same(one, other) -> None:
    if hasattr(other, "__dataclass_fields__"):
        for name in other.__dataclass_fields__:
            _assert_same(getattr(one, name), getattr(other, name))
    elif isinstance(other, tuple | list):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            _assert_same(a, b)
    else:
        np.testing.assert_array_equal(one, other)


def test_magnitude_data_are_recognized_and_corrected_alike(monkeypatch):
    noisy = np.round(10 * magnitude(mr_phantom(slices=6, side=96), 12)).astype(np.uint16)
    settings = engine.Settings.from_preset("fast", device="cpu", strength=0.5)
    whole = engine.denoise(noisy, settings)
    cut(monkeypatch, (6, 48, 96))
    target = np.zeros_like(noisy)
    report = engine.denoise_stored(noisy, target, settings)
    for name in ("noiseAfter", "flatAfter", "meanShift"):
        assert report[name] == pytest.approx(whole.report[name], rel=2e-3), name
    assert report["ricianCorrected"] and report["stages"][-2:] == ["unbias", "strength"]
    np.testing.assert_array_equal(target, whole.denoised)


@pytest.mark.parametrize("why", ["no noise", "no gain"])
def test_a_volume_that_is_not_worth_it_is_left_as_it_was(monkeypatch, why):
    clean, noisy = phantom(slices=6, side=48)
    volume = ndimage.gaussian_filter(clean, 1.5) if why == "no noise" else noisy
    if why == "no gain":
        monkeypatch.setattr(sys.modules["NSN2NDenoiseLib.engine.stages.spare"], "LEAST_GAIN", 100.0)
    cut(monkeypatch, (6, 24, 48))
    target = np.zeros_like(volume)
    report = engine.denoise_stored(volume, target, FAST)
    assert target.tobytes() == volume.tobytes()
    assert report["leftAsItWas"] and report["noiseAfter"] == report["noiseBefore"] and report["meanShift"] == 0
    assert report["flatAfter"] == report["flatBefore"] and report["justifiedStrength"] == 0
    assert not any("fell only" in text for text in report["warnings"])
    assert why == "no gain" or len(report["warnings"]) == 1


def test_a_network_is_trained_once_and_used_for_all(monkeypatch):
    volume = volume_of("colored", (6, 24, 120))
    quick = {"learn": True, "width": 4, "levels": 2, "steps": 5, "batch": 2, "crop": 16, "device": "cpu"}
    settings = engine.Settings.from_preset(**quick)
    monkeypatch.setattr(run, "TRAINED_ON", (6, 24, 64))
    cut(monkeypatch, (6, 24, 72))
    kept, target = [], np.zeros_like(volume)
    train = run._Run._train
    monkeypatch.setattr(run._Run, "_train", lambda self, state: kept.append(train(self, state)) or kept[0])
    report = engine.denoise_stored(volume, target, settings)
    assert len(kept) == 1 and report["network"]["name"] == kept[0][0].name
    assert "trained on a part of the volume, 6 of its slices, 24 x 64 pixels" in " ".join(report["warnings"])
    whole = engine.denoise(volume, settings, network=kept[0][0])
    np.testing.assert_allclose(target, whole.denoised, atol=0.05)  # convolutions of other sizes round otherwise
    assert np.abs(target - volume).mean() > 5


@pytest.mark.parametrize("learn", [False, True])
def test_bricks_that_other_processes_do_in_any_order_make_the_same_volume(monkeypatch, learn):
    cloudpickle = pytest.importorskip("cloudpickle")  # Dask's
    volume = volume_of("colored", (6, 24, 96))
    quick = {"learn": True, "width": 4, "levels": 2, "steps": 3, "batch": 2, "crop": 16, "device": "cpu"}
    settings = engine.Settings.from_preset(**quick) if learn else FAST
    cut(monkeypatch, (6, 24, 24))
    own, target, told, sent = np.zeros_like(volume), np.zeros_like(volume), [], []
    report = engine.denoise_stored(volume, own, settings)

    def elsewhere(bare, numbers):
        for number in reversed(numbers):
            sent.append(number)
            yield number, work.do_brick(cloudpickle.loads(cloudpickle.dumps(bare)), number)

    again = engine.denoise_stored(volume, target, settings, elsewhere=elsewhere, progress=told.append)
    assert sent == [2, 1, 0]
    assert target.tobytes() == own.tobytes() and not np.array_equal(target, volume)
    assert report["parts"]["elsewhere"] == 0 and again["parts"]["elsewhere"] == 3
    for name in set(report) - {"seconds", "peakMemoryMB", "parts"}:
        assert again[name] == report[name], name
    fractions = [progress.fraction for progress in told]
    assert fractions == sorted(fractions) and len(set(fractions)) > 4


def test_bricks_fill_the_memory_that_is_allowed_and_no_more():
    shape, reach = (1500, 1500, 1500), (32, 74, 74)
    for memory in (2500.0, 4000.0, 16000.0):
        found = choose_bricks(shape, reach, np.dtype(np.uint16), FAST, memory)
        sides = tuple(side.stop - side.start for side in found[0])
        assert 0.5 * memory < brick_memory_mb(sides, shape, reach, np.dtype(np.uint16), FAST) <= memory
        assert all(side.start % step == 0 for brick in found for side, step in zip(brick, GRID, strict=True))
        assert sum(np.prod([side.stop - side.start for side in brick]) for brick in found) == np.prod(shape)
    small = choose_bricks((12, 40, 48), reach, np.dtype(np.int16), FAST, 1000.0)
    assert small == [np.s_[0:12, 0:40, 0:48]]
    with pytest.raises(engine.RunError, match=r"at least 0.6 GB of memory even in small parts.* may take 0.3 GB"):
        choose_bricks((100, 100, 100), reach, np.dtype(np.int16), FAST, 300.0)
    assert look_memory_mb(shape) < 4000 and bricks.FREE < 1


@pytest.mark.parametrize(
    ("volume", "options", "message"),
    [
        (np.zeros((4, 20, 20), np.int16), {}, "constant"),
        (np.arange(4 * 20 * 20).reshape(4, 20, 20) % 3, {}, "only 3 distinct values"),
        (np.full((4, 20, 20), np.nan), {}, "1600 voxels are NaN"),
        (np.arange(1600.0).reshape(4, 20, 20), {"spacing": (1, 1, 5)}, "lie along axis i"),
        (np.arange(1600.0).reshape(4, 20, 20), {"memory_mb": 100}, "a look at a volume .* may take 0.1 GB"),
    ],
)
def test_what_can_not_be_denoised_is_refused(volume, options, message):
    with pytest.raises(engine.NSN2NError, match=message):
        engine.denoise_stored(volume, np.zeros_like(volume), FAST, **options)


def test_it_ends_when_it_is_not_wanted_any_more():
    volume = phantom(slices=6, side=48)[1]
    with pytest.raises(engine.Cancelled):
        engine.denoise_stored(volume, np.zeros_like(volume), FAST, should_stop=lambda: True)
    with pytest.raises(engine.InputError, match="the target is"):
        engine.denoise_stored(volume, np.zeros((6, 48, 40), np.float32), FAST)


@pytest.mark.parametrize("learn", [False, True])
def test_a_run_that_was_ended_goes_on(monkeypatch, tmp_path, learn):
    volume = volume_of("colored", (6, 24, 72))
    quick = {"learn": True, "width": 4, "levels": 2, "steps": 3, "batch": 2, "crop": 16, "device": "cpu"}
    settings = engine.Settings.from_preset(**quick) if learn else FAST
    cut(monkeypatch, (6, 24, 24))
    whole = np.zeros_like(volume)
    report = engine.denoise_stored(volume, whole, settings)
    target, worked, held = np.zeros_like(volume), [], []
    do = work.Work.do

    def brick(self, number, workshop):
        assert not [ref for ref in held if ref() is not None]  # none is held while the next one is worked on
        worked.append(number)
        if len(worked) == 3:
            raise engine.Cancelled("killed")
        done = do(self, number, workshop)
        held.append(weakref.ref(done.voxels))
        assert done.piece.noisy.base is None and done.piece.denoised.base is None  # they don't hold all of the brick
        return done

    monkeypatch.setattr(work.Work, "do", brick)
    with pytest.raises(engine.Cancelled):
        engine.denoise_stored(volume, target, settings, journal=tmp_path)
    monkeypatch.setattr(parts, "choose_bricks", None)  # those of before
    again = engine.denoise_stored(volume, target, settings, journal=tmp_path)
    assert worked == [2, 0, 1, 2, 1]
    assert target.tobytes() == whole.tobytes()
    for name in set(report) - {"seconds", "peakMemoryMB", "parts"}:
        assert again[name] == report[name], name
    assert again["parts"]["sides"] == [6, 24, 24]
    cut(monkeypatch, (6, 24, 48))
    engine.denoise_stored(volume + 1, target, settings, journal=tmp_path)
    assert worked[5:] == [1, 0]  # another volume begins anew
