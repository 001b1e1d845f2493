"""A network that promises hardly more than the filters alone is left out."""

from importlib import import_module

import numpy as np
import pytest
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.large import run
from scipy import ndimage

from Testing.Engine.phantoms import phantom

learn = import_module("NSN2NDenoiseLib.engine.stages.learn")
SMALL = {"width": 4, "levels": 2, "batch": 4, "crop": 32, "device": "cpu"}


@pytest.fixture(scope="module")
def noisy():
    """A volume of which the default trains a network."""
    clean, white = phantom(slices=6, side=48)
    colored = ndimage.gaussian_filter(white - clean, (0, 0.8, 0.8))
    return (clean + 30 * colored / colored.std()).astype(np.float32)


@pytest.fixture
def hardly_trained(monkeypatch):
    """Trainings of the preset's length take one step, which teaches a network nothing."""
    monkeypatch.setattr(learn, "count_steps", lambda settings, pairs: 1)


def test_without_it_the_result_is_that_of_the_filters(noisy, hardly_trained):
    result = engine.denoise(noisy, engine.Settings.from_preset(**SMALL))
    fast = engine.denoise(noisy, engine.Settings.from_preset("fast", device="cpu"))
    assert {"learn", "refine"} <= set(result.report["stagesPlanned"])
    assert result.report["stages"] == fast.report["stages"]
    np.testing.assert_array_equal(result.denoised, fast.denoised)
    assert result.network is None and result.report["network"] is None and result.report["steps"] == 1
    promised = result.report["predictedGainOfNetwork"]
    assert promised < learn.LEAST
    assert f"left out: it promises {promised:+.2f} dB beside the filters alone" in engine.describe_network(
        result.report
    )
    assert engine.describe_network(fast.report) == ""


@pytest.mark.parametrize("more", [0.0, 0.02])
def test_one_that_promises_enough_stays(noisy, hardly_trained, monkeypatch, more):
    monkeypatch.setattr(learn, "network_gain", lambda state, workshop: learn.LEAST + more)
    result = engine.denoise(noisy, engine.Settings.from_preset(**SMALL))
    assert result.report["stages"][:4] == ["first", "similar", "learn", "refine"] and result.network is not None
    assert engine.describe_network(result.report).startswith("network ")


@pytest.mark.parametrize("said", [{"learn": True}, {"steps": 1}])
def test_one_that_somebody_asked_for_stays(noisy, hardly_trained, said):
    result = engine.denoise(noisy, engine.Settings.from_preset(**SMALL, **said))
    assert "learn" in result.report["stages"] and "predictedGainOfNetwork" not in result.report


def test_other_frames_train_none_then(noisy, hardly_trained):
    reports = [r.report for r in engine.denoise_frames([noisy, noisy], engine.Settings.from_preset(**SMALL))]
    assert [report["steps"] for report in reports] == [1, 0]
    assert reports[0]["stages"] == reports[1]["stages"] and "learn" not in reports[0]["stages"]


def test_a_volume_in_parts_has_none_either(noisy, hardly_trained, monkeypatch, tmp_path):
    """Tried at the samples of the whole, trained on a part; a run that goes on does not train it again."""
    monkeypatch.setattr(run, "TRAINED_ON", (6, 32, 32))
    settings, target = engine.Settings.from_preset(**SMALL), np.zeros_like(noisy)
    report = engine.denoise_stored(noisy, target, settings, journal=tmp_path)
    fast = engine.denoise(noisy, engine.Settings.from_preset("fast", device="cpu"))
    np.testing.assert_array_equal(target, fast.denoised)
    assert report["predictedGainOfNetwork"] < learn.LEAST and report["network"] is None
    assert report["stages"] == fast.report["stages"] and not any("network" in text for text in report["warnings"])
    monkeypatch.setattr(run._Run, "_train", None)
    again = engine.denoise_stored(noisy, target, settings, journal=tmp_path)
    assert again["predictedGainOfNetwork"] == report["predictedGainOfNetwork"]
