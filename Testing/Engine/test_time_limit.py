"""A time limit chooses the number of steps, and nothing else; neither sleep nor a clock that is set counts."""

import ctypes
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.runtime import progress, time_limit
from NSN2NDenoiseLib.engine.runtime.clock import awake_seconds
from NSN2NDenoiseLib.engine.runtime.progress import Tracker
from NSN2NDenoiseLib.engine.train.training import FEWEST, Training

from Testing.Engine.phantoms import phantom

#: Without the filters, which a limit does not change.
QUICK = {
    "learn": True,
    "first": False,
    "refine": False,
    "width": 4,
    "levels": 2,
    "batch": 8,
    "crop": 16,
    "device": "cpu",
}


def test_a_limited_run_ends_in_time_and_is_the_run_with_its_steps(monkeypatch):
    monkeypatch.setattr(time_limit, "step_seconds", lambda *a, measure=time_limit.step_seconds: 0.06 + measure(*a))
    _, noisy = phantom(slices=4, side=32)
    limited = engine.denoise(noisy, engine.Settings.from_preset(**QUICK, minutes=0.1, seed=2))
    steps = limited.report["steps"]
    assert limited.report["minutes"] == 0.1
    assert FEWEST <= steps < time_limit.MOST  # few where the machine is busy
    again = engine.denoise(noisy, engine.Settings.from_preset(**QUICK, steps=steps, seed=2))
    np.testing.assert_array_equal(again.denoised, limited.denoised)
    assert again.losses == limited.losses and again.report["minutes"] is None


def test_the_papers_network_with_its_batch_norm_stays_untouched_by_the_timing(monkeypatch):
    monkeypatch.setattr(time_limit, "FEWEST", 20)
    monkeypatch.setattr(time_limit, "MOST", 20)
    _, noisy = phantom(slices=4, side=32)
    limited = engine.denoise(noisy, engine.Settings.from_preset("paper", width=4, levels=2, device="cpu", minutes=0.1))
    again = engine.denoise(
        noisy, engine.Settings.from_preset("paper", width=4, levels=2, device="cpu", steps=limited.report["steps"])
    )
    np.testing.assert_array_equal(again.denoised, limited.denoised)


def test_the_steps_are_those_that_fit_beside_the_rest(monkeypatch):
    monkeypatch.setattr(Tracker, "elapsed", lambda _: 7.0)
    monkeypatch.setattr(time_limit, "step_seconds", lambda *_: 0.75)
    monkeypatch.setattr(time_limit, "slice_seconds", lambda *_: 0.75)
    _, noisy = phantom(slices=4, side=32)
    settings = engine.Settings.from_preset(**QUICK, minutes=1, collaborative=0.0)
    steps = engine.denoise(noisy, settings).report["steps"]
    tried = 3 * 4 * 0.75 * time_limit.AFTERWARDS  # stage "spare" does so small a volume again, three times
    assert steps == int((60 - 7 - 4 * 0.75 * time_limit.AFTERWARDS - tried) / 0.75)


def test_the_filter_after_the_training_is_reckoned_as_it_took_before_it(monkeypatch):
    monkeypatch.setattr(time_limit, "step_seconds", lambda *_: 0.3)
    monkeypatch.setattr(time_limit, "slice_seconds", lambda *_: 0.0)
    tracker = Tracker()
    tracker.seconds["similar"] = 15.0
    tensors = SimpleNamespace(stack=np.zeros((28, 128, 128)), gap=1)
    settings = engine.Settings.from_preset(**{**QUICK, "first": True, "refine": True}, minutes=1)
    with_filter, _ = time_limit.steps_within_limit(None, tensors, None, settings, None, tracker)
    without, _ = time_limit.steps_within_limit(None, tensors, None, replace(settings, refine=False), None, tracker)
    tried = 3 * 3 * (7 * 64 * 64) / (28 * 128 * 128)  # at three samples, three times each
    assert without - with_filter == pytest.approx((15 + tried * 15) / 0.3, abs=2)


def test_a_limit_that_is_too_short_says_so(monkeypatch):
    monkeypatch.setattr(time_limit, "slice_seconds", lambda *_: 0.0)
    monkeypatch.setattr(Tracker, "elapsed", lambda _: 0.0)
    _, noisy = phantom(slices=4, side=32)
    for step, needed in ((3.0, "2.5"), (1.21, "1.1")):  # no limit is shorter than itself
        monkeypatch.setattr(time_limit, "step_seconds", lambda *_, step=step: step)
        report = engine.denoise(noisy, engine.Settings.from_preset(**QUICK, minutes=1)).report
        assert report["steps"] == FEWEST
        told = f"too short for this volume on this computer: even {FEWEST} training steps, which are few, take about"
        assert any(f"limit of 1 min is {told} {needed} min" in text for text in report["warnings"])


def test_a_long_limit_ends_where_more_steps_bring_nothing(monkeypatch):
    monkeypatch.setattr(time_limit, "step_seconds", lambda *_: 0.01)
    monkeypatch.setattr(time_limit, "MOST", 12)
    _, noisy = phantom(slices=4, side=32)
    assert engine.denoise(noisy, engine.Settings.from_preset(**QUICK, minutes=60)).report["steps"] == 12


def test_stopping_while_steps_are_timed(monkeypatch):
    _, noisy = phantom(slices=4, side=32)
    training = []
    run = Training.run
    monkeypatch.setattr(Training, "run", lambda *a: (training.append(1), run(*a)))

    with pytest.raises(engine.Cancelled):
        engine.denoise(noisy, engine.Settings.from_preset(**QUICK, minutes=60), should_stop=lambda: bool(training))


class Clock:
    """Time that passes by a second at each look, and by an hour more at one of them: the lid was closed."""

    def __init__(self, closed_at: int) -> None:
        self._now, self._looks, self._closed_at = 0.0, 0, closed_at

    def __call__(self) -> float:
        self._looks += 1
        self._now += 1 + 3600 * (self._looks == self._closed_at)
        return self._now


@pytest.mark.parametrize("closed_at", [3, 11, time_limit.TIMED_STEPS])
def test_a_lid_that_is_closed_while_steps_are_timed_does_not_count(monkeypatch, closed_at):
    monkeypatch.setattr(time_limit, "time", SimpleNamespace(perf_counter=Clock(closed_at)))

    def run(tensors, sampler, until, tracker):
        for step in range(until):
            tracker.update((step + 1) / until)

    monkeypatch.setattr(time_limit, "Training", lambda *_: SimpleNamespace(run=run))
    settings = engine.Settings.from_preset(**QUICK, minutes=1440)
    assert time_limit.step_seconds(None, None, None, settings, 60.0, None, Tracker()) == 1


@pytest.mark.parametrize("closed_at", [2, 4])
def test_a_lid_that_is_closed_while_a_slice_is_timed_does_not_count(monkeypatch, closed_at):
    monkeypatch.setattr(time_limit, "time", SimpleNamespace(perf_counter=Clock(closed_at)))
    monkeypatch.setattr(time_limit, "both_directions", lambda network, tensors, index, precision: index)
    tensors = SimpleNamespace(stack=np.zeros((4, 32, 32)), device=torch.device("cpu"))
    assert time_limit.slice_seconds(None, tensors, None) == 1  # one at once


def test_windows_has_a_clock_of_its_own_that_stands_while_the_computer_sleeps(monkeypatch):
    def query(ticks):
        ticks._obj.value = 1_234_500_000_0

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(), raising=False)
    ctypes.windll.kernel32 = SimpleNamespace(QueryUnbiasedInterruptTime=query)
    assert awake_seconds() == pytest.approx(1234.5)


def test_time_that_is_left_is_told_by_that_clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress, "awake_seconds", lambda: now[0])
    told = []
    tracker = Tracker(told.append)
    tracker.begin("learn")
    now[0] = 110.0
    tracker.update(0.5)
    shares = tracker._shares
    assert told[-1].seconds_left == pytest.approx(20 * (0.5 + shares["report"] / shares["learn"]))
    assert tracker.elapsed() == 10


def test_a_clock_that_is_set_changes_nothing(monkeypatch):
    """Each look at the time of day finds another day, forwards and backwards."""
    _, noisy = phantom(slices=4, side=32)
    settings = engine.Settings.from_preset(**QUICK, minutes=60)
    monkeypatch.setattr(time_limit, "MOST", 12)
    days = iter(range(10_000_000))
    monkeypatch.setattr(time, "time", lambda: 1e9 + 86400 * (-1) ** (day := next(days)) * day)
    told = []
    report = engine.denoise(noisy, settings, progress=told.append).report
    assert next(days) >= 0 and report["steps"] == 12
    assert all(0 <= step.seconds_left < 3600 for step in told if step.seconds_left is not None)


@pytest.mark.parametrize("minutes", [0, 0.05, 1441, "5", True])
def test_limits_that_are_not_allowed(minutes):
    with pytest.raises(engine.SettingsError, match="minutes"):
        engine.Settings.from_preset(minutes=minutes)


def test_steps_and_minutes_together():
    with pytest.raises(engine.SettingsError, match="steps and minutes"):
        engine.Settings.from_preset(steps=100, minutes=5)
