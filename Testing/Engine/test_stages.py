"""Plan and stages: which run, the first result, stopping and keeping, strength."""

import json
import sys
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.judge.measure import effect_warnings
from NSN2NDenoiseLib.engine.stages import STAGES
from scipy import ndimage

from Testing.Engine.phantoms import phantom

QUICK = {"learn": True, "width": 4, "levels": 2, "steps": 40, "batch": 4, "crop": 32, "device": "cpu"}


@pytest.fixture(scope="module")
def fast_run():
    """A noisy volume, and what preset "fast" makes of it."""
    _, noisy = phantom(slices=6, side=48)
    return noisy, engine.denoise(noisy, engine.Settings.from_preset("fast", device="cpu"))


def plan_of(preset="default", **overrides):
    _, noisy = phantom(slices=6, side=48)
    look, _ = engine.take_look(noisy)
    return engine.make_plan(look, engine.Settings.from_preset(preset, **overrides))


def test_presets_say_what_they_are():
    assert "learn" not in plan_of("fast").stages and "first" in plan_of("fast").stages
    for preset in ("nsn2n", "paper"):
        assert plan_of(preset).making == ("match", "learn")
        settings = engine.Settings.from_preset(preset)
        assert (settings.lambda_rc, settings.lambda_ic, settings.compensate) == (0.5, 1.0, False)
    for preset in engine.PRESETS:
        assert set(plan_of(preset).stages) <= set(STAGES)


def test_a_stage_can_be_switched_off():
    assert "refine" not in plan_of(refine=False).stages
    assert "learn" not in plan_of("default", first=True, learn=False).stages
    with pytest.raises(engine.SettingsError, match="nothing would be done"):
        engine.Settings.from_preset(first=False, learn=False, refine=False)


def test_a_first_result_comes_before_the_last():
    _, noisy = phantom(slices=6, side=48)
    firsts, seen = [], []
    settings = engine.Settings.from_preset(**{**QUICK, "steps": 6}, first=True)
    last = engine.denoise(noisy, settings, on_first=firsts.append, progress=seen.append)
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    assert len(firsts) == 1 and firsts[0].report["stages"][:2] == ["first", "limit"]
    assert last.report["stages"][:4] == ["first", "similar", "learn", "refine"]
    assert not np.array_equal(firsts[0].denoised, last.denoised)
    fast = engine.denoise(noisy, engine.Settings.from_preset("fast", device="cpu"), on_first=firsts.append)
    assert fast.report["stages"][:2] == ["first", "similar"]
    np.testing.assert_array_equal(firsts[1].denoised, firsts[0].denoised)


def test_the_network_is_trained_where_it_helps():
    """With white noise, the filter alone; with colored noise, or where there is no filter, the network, too."""
    clean, white = phantom(slices=8, side=96)
    colored = ndimage.gaussian_filter(white - clean, (0, 0.8, 0.8))
    noisy = clean + 20 * colored / colored.std()
    for volume, learns in ((white, False), (noisy.astype(np.float32), True)):
        look, _ = engine.take_look(volume)
        assert ("learn" in engine.make_plan(look, engine.Settings()).stages) is learns
    assert plan_of(first=False).making == ("match", "learn", "refine")
    assert plan_of(first=False, refine=False).making == ("match", "learn")
    assert plan_of(collaborative=0.0).making == ("match", "learn")
    assert plan_of(learn=True).making == ("match", "first", "similar", "learn", "refine")
    assert plan_of(learn=False).making == ("match", "first", "similar")


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int16])
def test_a_volume_without_noise_is_left_as_it_was(kind):
    clean = ndimage.gaussian_filter(phantom(slices=6, side=48)[0], 1.5).astype(kind)
    told, firsts = [], []
    result = engine.denoise(clean, None, progress=lambda p: told.append(p.stage), on_first=firsts.append)
    assert result.denoised.dtype == kind and result.denoised.tobytes() == clean.tobytes()
    assert result.denoised is not clean
    assert result.report["leftAsItWas"] and result.report["stages"] == [] and not firsts
    assert result.report["stagesPlanned"] == ["match", "judge"] and set(told) == {"look", "match", "judge", "report"}
    (warning,) = result.report["warnings"]  # nothing was smoothed, no noise stayed that should have gone
    assert "hardly any noise" in warning
    assert result.report["justifiedStrength"] == 0 and result.report["anatomyRemoved"] is None
    json.dumps(result.report)
    assert result.weights.shape == clean.shape


def test_an_alarm_is_the_first_warning_of_a_run_in_memory_and_in_parts(monkeypatch):
    monkeypatch.setattr(sys.modules["NSN2NDenoiseLib.engine.judge.likeness"], "CERTAIN", -1.0)  # of any result
    _, noisy = phantom(slices=6, side=48)
    settings = engine.Settings.from_preset("fast", device="cpu")
    for report in (
        engine.denoise(noisy, settings).report,
        engine.denoise_stored(noisy, np.empty_like(noisy), settings),
    ):
        assert report["alarm"] == report["warnings"][0] and "looks more like anatomy" in report["alarm"]
        assert f"({100 * report['anatomyRemoved']:.0f} % likely)" in report["alarm"]


def test_a_volume_with_noise_is_not_left_as_it_was(fast_run):
    _, result = fast_run
    assert not result.report["leftAsItWas"] and result.report["stages"][0] == "first"


def test_a_run_that_did_little_is_told_to_train_longer_only_if_it_trained():
    little, filters = {"noiseBefore": 10.0, "noiseAfter": 9.0}, ("first", "similar")
    (trained,), (filtered,) = (effect_warnings(little, stages) for stages in ((*filters, "learn"), filters))
    assert "fell only from 10 to 9: train for more steps, or check" in trained
    assert "fell only from 10 to 9: check" in filtered
    assert effect_warnings({**little, "noiseAfter": 7.9}, filters) == effect_warnings(little, ()) == []


@pytest.mark.parametrize("stage", ["look", "match", "first", "similar", "learn", "refine"])
def test_stop_and_keep_gives_the_best_so_far_at_any_stage(stage):
    _, noisy = phantom(slices=6, side=48)
    seen, firsts = [], []
    result = engine.denoise(
        noisy,
        engine.Settings.from_preset(**QUICK, first=True),
        progress=lambda p: seen.append(p.stage),
        should_keep=lambda: stage in seen,
        on_first=firsts.append,
    )
    made = {"learn": ["first", "similar"], "refine": ["first", "similar", "learn"]}.get(stage, ["first"])
    assert result.report["stages"][: len(made) + 1] == [*made, "limit"]
    assert np.array_equal(result.denoised, firsts[0].denoised) == (made == ["first"])
    assert result.report["stoppedEarly"] and not firsts[0].report["stoppedEarly"]


def test_asked_to_keep_when_nothing_is_left_to_do_a_run_is_whole():
    _, noisy = phantom(slices=6, side=48)
    seen = []
    settings = engine.Settings.from_preset("fast", device="cpu")
    result = engine.denoise(
        noisy, settings, progress=lambda p: seen.append(p.stage), should_keep=lambda: "judge" in seen
    )
    assert "judge" in seen and not result.report["stoppedEarly"]


def test_stop_and_keep_without_a_first_result_keeps_the_network():
    _, noisy = phantom(slices=6, side=48)
    settings = engine.Settings.from_preset("nsn2n", **{**QUICK, "steps": 5000, "batch": 1, "crop": 16})
    result = engine.denoise(noisy, settings, should_keep=lambda: True)
    assert 0 < result.report["steps"] < 5000 and result.report["stoppedEarly"]
    assert result.report["stages"][0] == "learn"


@pytest.mark.parametrize("off", list(product((True, False), repeat=3)))
def test_whatever_is_switched_off_the_rest_makes_a_result(off):
    first, learn, refine = off
    if off == (False, False, False):
        return
    clean, white = phantom(slices=6, side=48)
    noisy = clean + 20 * ndimage.gaussian_filter(white - clean, (0, 0.8, 0.8)).astype(np.float32)
    settings = replace(engine.Settings.from_preset(**QUICK), steps=2, first=first, learn=learn, refine=refine)
    report = engine.denoise(noisy, settings).report
    made = ("first", "similar") * first + ("learn",) * learn + ("refine",) * (refine and (learn or not first))
    assert tuple(report["stages"][: len(made)]) == made or report["leftAsItWas"]


def test_strength_mixes_the_input_back_in(fast_run):
    noisy, whole = fast_run
    half, none = (
        engine.denoise(noisy, engine.Settings.from_preset("fast", device="cpu", strength=s)) for s in (0.5, 0.0)
    )
    np.testing.assert_allclose(half.denoised, 0.5 * (noisy + whole.denoised), atol=1e-2)
    np.testing.assert_array_equal(none.denoised, noisy)
    before, after = whole.report["noiseBefore"], whole.report["noiseAfter"]
    assert half.report["noiseAfter"] == pytest.approx(0.5 * (before + after), rel=1e-4)
    assert none.report["noiseAfter"] == before and none.report["meanShift"] == 0
    assert none.report["flatAfter"] == none.report["flatBefore"]


@pytest.mark.parametrize(("dtype", "offset"), [(np.int32, 2**30), (np.uint32, 2**31), (np.float64, 1e9)])
def test_a_large_offset_costs_nothing(dtype, offset):
    """float32 has steps of 64 and more at 2^30."""
    noisy = np.round(phantom(slices=6, side=48)[1].astype(np.float64))
    noisy -= noisy.min()
    settings = engine.Settings.from_preset("fast", device="cpu")
    plain, high = (engine.denoise((noisy + low).astype(dtype), settings) for low in (0, offset))
    np.testing.assert_allclose(high.denoised.astype(np.float64) - offset, plain.denoised, atol=1.01)
    assert high.report["noiseAfter"] == pytest.approx(plain.report["noiseAfter"], rel=1e-3)


def test_at_threshold_0_the_filter_is_gentle_everywhere(fast_run):
    noisy, whole = fast_run
    gentle = engine.denoise(noisy, engine.Settings.from_preset("fast", device="cpu", threshold=0.0))
    assert not gentle.weights.any() and gentle.report["matchedFraction"] == 0
    assert 0.3 < np.std(noisy - gentle.denoised) / np.std(noisy - whole.denoised) < 0.9
    with pytest.raises(engine.RunError, match="nothing to learn from"):
        engine.denoise(noisy, engine.Settings.from_preset("nsn2n", device="cpu", threshold=0.0))


def test_where_nothing_matches_the_filters_do_what_a_network_that_nobody_asked_for_can_not():
    clean, white = phantom(slices=6, side=48)
    noisy = (clean + 1.2 * ndimage.gaussian_filter(white - clean, (0, 0.8, 0.8))).astype(np.float32)
    how = {"device": "cpu", "threshold": 0.0}
    result = engine.denoise(noisy, engine.Settings.from_preset(**how))
    assert "learn" in result.report["stagesPlanned"] and result.report["stages"][:2] == ["first", "similar"]
    assert any("no network was trained" in text for text in result.report["warnings"])
    target = np.empty_like(noisy)
    for preset in ("fast", "default"):  # in parts, too
        report = engine.denoise_stored(noisy, target, engine.Settings.from_preset(preset, **how))
        np.testing.assert_array_equal(target, result.denoised)
        assert report["matchedFraction"] == 0 and report["network"] is None
    with pytest.raises(engine.RunError, match="nothing to learn from"):
        engine.denoise(noisy, engine.Settings.from_preset(learn=True, **how))


def test_a_lower_threshold_keeps_more_where_it_turns_orange_and_nowhere_else():
    """On the right, beside the samples that hold for all, the gray level alternates by less than the usual threshold.

    Where samples are mostly orange, that much noise is expected to stay everywhere (judge/kept.py).
    """
    noisy = np.random.default_rng(0).normal(500, 20, (8, 32, 128)).astype(np.float32)
    noisy[::2, :, 96:] += 30
    threshold = engine.take_look(noisy)[0].threshold
    usual, lower = (
        engine.denoise(noisy, engine.Settings.from_preset("fast", device="cpu", threshold=t))
        for t in (threshold, 0.4 * threshold)
    )
    turned = (usual.weights == 1) & (lower.weights == 0)
    assert turned[:, :, 100:].mean() > 0.9 and not turned[:, :, :88].any()
    usual, lower = ((run.denoised - noisy) for run in (usual, lower))
    assert lower[turned].std() < 0.9 * usual[turned].std()
    assert np.abs(lower - usual)[:, :, :80].mean() < 0.02 * 20


def test_what_limits_or_lengthens_a_training_needs_one():
    for asked in ({"minutes": 1.0}, {"steps": 60}):
        assert any("they have no effect" in text for text in plan_of("fast", **asked).warnings)
        assert not any("no effect" in text for text in plan_of("default", **asked).warnings)
    assert not any("no effect" in text for text in plan_of("fast").warnings)


def test_inspect_foresees_what_the_run_decides_by(fast_run, monkeypatch):
    noisy, report = fast_run[0], fast_run[1].report
    settings = engine.Settings.from_preset("fast", device="cpu")
    facts = engine.inspect_volume(noisy, settings=settings)
    assert facts["predictedGain"] == report["predictedGainOfSamples"] > 1 and facts["worthDenoising"]
    assert facts["predictedGainSD"] == report["predictedGainOfSamplesSD"] > 0
    for module in ("inspect_volume", "stages.spare"):
        monkeypatch.setattr(sys.modules[f"NSN2NDenoiseLib.engine.{module}"], "LEAST_GAIN", facts["predictedGain"] + 1)
    assert not engine.inspect_volume(noisy, settings=settings)["worthDenoising"]
    left = engine.denoise(noisy, settings).report
    assert left["leftAsItWas"] and not any("fell only" in text for text in left["warnings"])
    network_alone = engine.Settings.from_preset("nsn2n", width=4, levels=2, batch=2, device="cpu")
    assert engine.inspect_volume(noisy, settings=network_alone)["predictedGain"] is None
