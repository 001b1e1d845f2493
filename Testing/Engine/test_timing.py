"""The plan's seconds and memory by stage: counted exactly, from speeds that are given; and what is timed."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.runtime.time_limit import FEWEST, MOST
from NSN2NDenoiseLib.engine.timing import REST, TIMES, Speed, blocks, measure_speed, predict_seconds, voxels

from Testing.Engine.phantoms import phantom

ALL = {"device": "cpu", "first": True, "learn": True, "refine": True}
SPEED = Speed(match=2.0, first=60.0, similar=300.0, refine=100.0, step=0.5, network=8.0)


@pytest.fixture(scope="module")
def look_and_slices():
    return engine.take_look(phantom(slices=20, side=96)[1])


def plan_of(look, **settings) -> engine.Plan:
    return engine.make_plan(look, engine.Settings.from_preset(**{**ALL, **settings}))


def test_blocks_and_voxels():
    assert voxels((10, 200, 300)) == 0.6
    assert blocks((4, 4, 4)) == pytest.approx(1e-6)
    assert blocks((22, 103, 205)) == pytest.approx(7 * 34 * 68 * 1e-6)
    assert blocks((23, 104, 3)) == pytest.approx(8 * 35 * 1e-6)


def test_seconds_are_counts_times_speed(look_and_slices):
    look, _ = look_and_slices
    seconds = predict_seconds(plan_of(look, steps=40), look, SPEED)
    size, groups, sample = voxels(look.shape), blocks(look.shape), (7, 64, 64)
    assert seconds["match"] == pytest.approx(2.0 * size)
    assert seconds["first"] == pytest.approx(60 * groups) and seconds["similar"] == pytest.approx(300 * groups)
    assert seconds["refine"] == pytest.approx(100 * groups)
    assert seconds["learn"] == pytest.approx(40 * 0.5 + 8 * size)
    again = (2 + 8) * voxels(sample) + (60 + 300 + 100) * blocks(sample)  # matched, by the network, filtered
    assert seconds["spare"] == pytest.approx(3 * 3 * again + REST["limit"] * 2 * size)
    assert seconds["judge"] == pytest.approx(REST["judge"] * 2 * size)
    fast = predict_seconds(plan_of(look, learn=False), look, SPEED)
    assert list(fast) == [*plan_of(look, learn=False).stages, "report"] and not {"learn", "refine"} & set(fast)


def test_training_is_counted_by_steps_epochs_or_the_time_limit(look_and_slices):
    look, _ = look_and_slices
    network = 8 * voxels(look.shape)
    plan = plan_of(look, steps=0, epochs=3, batch=4)
    pairs = look.shape[0] - plan.gap
    assert predict_seconds(plan, look, SPEED)["learn"] == pytest.approx(network + 0.5 * 3 * -(-pairs // 4))
    for minutes, whole in ((5.0, 300.0), (0.1, None), (1440.0, None)):
        seconds = predict_seconds(plan_of(look, minutes=minutes), look, SPEED)
        if whole:
            assert sum(seconds.values()) == pytest.approx(whole)
        else:
            steps = FEWEST if minutes < 1 else MOST
            assert seconds["learn"] == pytest.approx(network + 0.5 * steps)


def test_a_part_takes_its_part(look_and_slices):
    look, _ = look_and_slices
    within = np.zeros(look.shape, bool)
    within[8:12, 40:48, 40:48] = True
    plan = engine.make_plan(look, engine.Settings.from_preset("fast", device="cpu"), within)
    part, whole = predict_seconds(plan, look, SPEED), predict_seconds(plan_of(look, learn=False), look, SPEED)
    assert 0 < part["similar"] < whole["similar"] and part["within"] > 0


def test_what_the_plan_does_is_timed_and_no_more():
    look, slices = engine.take_look(phantom(slices=8, side=48)[1])
    small = {"width": 4, "levels": 1, "batch": 2, "crop": 32}
    speed = measure_speed(slices, look, plan_of(look, learn=False))
    assert min(speed.match, speed.first, speed.similar) > 0
    assert speed.refine is None and speed.step is None and speed.network is None
    speed = measure_speed(slices, look, plan_of(look, **small))
    assert min(speed.match, speed.first, speed.similar, speed.refine, speed.step, speed.network) > 0
    whole = measure_speed(slices, look, replace(plan_of(look, **small), stages=("match", "judge")))
    assert whole.first is None and whole.step is None
    with pytest.raises(engine.Cancelled):
        measure_speed(slices, look, plan_of(look), should_stop=lambda: True)


def test_the_filter_behind_the_network_is_timed_at_work(monkeypatch):
    """Stage "refine" does nothing where the network was left out; none is trained for the timing."""
    module, guides = import_module("NSN2NDenoiseLib.engine.stages.refine"), []

    def spy(noisy, guide, *rest):
        guides.append(guide)
        return noisy

    monkeypatch.setattr(module, "bayes_filter", spy)
    look, slices = engine.take_look(phantom(slices=8, side=48)[1])
    measure_speed(slices, look, plan_of(look, first=False, width=4, levels=1, batch=2, crop=32))
    assert len(guides) == TIMES


def test_memory_by_stage_has_the_whole_as_its_most(look_and_slices):
    look, _ = look_and_slices
    for settings in ({}, {"learn": False}, {"first": False}, {"refine": False}, {"collaborative": 0.0}):
        plan = plan_of(look, **settings)
        assert list(plan.stage_memory_mb) == ["look", *plan.stages, "report"]
        assert max(plan.stage_memory_mb.values()) == pytest.approx(plan.memory_mb)


def test_inspection_lists_the_plan(monkeypatch):
    noisy = phantom(slices=6, side=48)[1]
    settings = engine.Settings.from_preset("fast", device="cpu")
    facts = engine.inspect_volume(noisy, settings=settings)
    assert [row["stage"] for row in facts["plan"]] == ["look", *facts["stages"], "report"]
    assert facts["seconds"] == pytest.approx(sum(row["seconds"] for row in facts["plan"]), rel=0.05)
    assert max(row["memoryMB"] for row in facts["plan"]) == facts["memoryMB"]
    module = import_module("NSN2NDenoiseLib.engine.inspect_volume")  # the name in the package is the function
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    monkeypatch.setattr(module, "measure_speed", None)
    facts = engine.inspect_volume(noisy, settings=settings)
    assert facts["seconds"] is None and {row["seconds"] for row in facts["plan"][1:]} == {None}
