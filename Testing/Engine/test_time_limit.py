"""A time limit chooses the number of steps, and nothing else."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.runtime import time_limit
from NSN2NDenoiseLib.engine.runtime.progress import Tracker
from NSN2NDenoiseLib.engine.train.training import FEWEST, Training

from Testing.Engine.phantoms import phantom

#: Without the filters, which a limit does not change.
QUICK = {
    "learn": True,
    "first": False,
    "refine": False,
    "width": 8,
    "levels": 2,
    "batch": 8,
    "crop": 32,
    "device": "cpu",
}


def test_a_limited_run_ends_in_time_and_is_the_run_with_its_steps(monkeypatch):
    monkeypatch.setattr(time_limit, "step_seconds", lambda *a, measure=time_limit.step_seconds: 0.05 + measure(*a))
    _, noisy = phantom(slices=12, side=64)
    limited = engine.denoise(noisy, engine.Settings.from_preset(**QUICK, minutes=0.1, seed=2))
    steps = limited.report["steps"]
    assert limited.report["minutes"] == 0.1
    assert FEWEST <= steps < time_limit.MOST  # few where the machine is busy
    again = engine.denoise(noisy, engine.Settings.from_preset(**QUICK, steps=steps, seed=2))
    np.testing.assert_array_equal(again.denoised, limited.denoised)
    assert again.losses == limited.losses and again.report["minutes"] is None


def test_the_papers_network_with_its_batch_norm_stays_untouched_by_the_timing(monkeypatch):
    monkeypatch.setattr(time_limit, "MOST", 80)
    _, noisy = phantom(slices=4, side=32)
    limited = engine.denoise(noisy, engine.Settings.from_preset("paper", width=4, levels=2, device="cpu", minutes=0.1))
    again = engine.denoise(
        noisy, engine.Settings.from_preset("paper", width=4, levels=2, device="cpu", steps=limited.report["steps"])
    )
    np.testing.assert_array_equal(again.denoised, limited.denoised)


def test_the_steps_are_those_that_fit_beside_the_rest(monkeypatch):
    monkeypatch.setattr(time_limit, "step_seconds", lambda *_: 0.5)
    monkeypatch.setattr(time_limit, "slice_seconds", lambda *_: 0.75)
    _, noisy = phantom(slices=4, side=32)
    settings = engine.Settings.from_preset(**QUICK, minutes=1, collaborative=0.0)
    steps = engine.denoise(noisy, settings).report["steps"]
    most = (60 - 4 * 0.75 * time_limit.AFTERWARDS) / 0.5
    assert 0.5 * most < steps < most  # the seconds before the training count, too


def test_the_filter_after_the_training_is_reckoned_as_it_took_before_it(monkeypatch):
    monkeypatch.setattr(time_limit, "step_seconds", lambda *_: 0.3)
    monkeypatch.setattr(time_limit, "slice_seconds", lambda *_: 0.0)
    tracker = Tracker()
    tracker.seconds["similar"] = 15.0
    tensors = SimpleNamespace(stack=np.zeros((4, 32, 32)))
    settings = engine.Settings.from_preset(**{**QUICK, "first": True, "refine": True}, minutes=1)
    with_filter, _ = time_limit.steps_within_limit(None, tensors, None, settings, None, tracker)
    without, _ = time_limit.steps_within_limit(None, tensors, None, replace(settings, refine=False), None, tracker)
    assert without - with_filter == pytest.approx(15 / 0.3, abs=2)


def test_a_limit_that_is_too_short_says_so(monkeypatch):
    monkeypatch.setattr(time_limit, "step_seconds", lambda *_: 3.0)
    _, noisy = phantom(slices=4, side=32)
    report = engine.denoise(noisy, engine.Settings.from_preset(**QUICK, minutes=1)).report
    assert report["steps"] == FEWEST
    assert any("time limit of 1 min is too short" in text and "2.5 min" in text for text in report["warnings"])


def test_a_long_limit_ends_where_more_steps_bring_nothing(monkeypatch):
    monkeypatch.setattr(time_limit, "step_seconds", lambda *_: 0.01)
    monkeypatch.setattr(time_limit, "MOST", 60)
    _, noisy = phantom(slices=4, side=32)
    assert engine.denoise(noisy, engine.Settings.from_preset(**QUICK, minutes=60)).report["steps"] == 60


def test_stopping_while_steps_are_timed(monkeypatch):
    _, noisy = phantom(slices=4, side=32)
    training = []
    run = Training.run
    monkeypatch.setattr(Training, "run", lambda *a: (training.append(1), run(*a)))

    with pytest.raises(engine.Cancelled):
        engine.denoise(noisy, engine.Settings.from_preset(**QUICK, minutes=60), should_stop=lambda: bool(training))


@pytest.mark.parametrize("minutes", [0, 0.05, 1441, "5", True])
def test_limits_that_are_not_allowed(minutes):
    with pytest.raises(engine.SettingsError, match="minutes"):
        engine.Settings.from_preset(minutes=minutes)


def test_steps_and_minutes_together():
    with pytest.raises(engine.SettingsError, match="steps and minutes"):
        engine.Settings.from_preset(steps=100, minutes=5)
