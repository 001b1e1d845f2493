"""A whole run on a GPU, without one: the very voxels of the CPU, and what becomes of a GPU that is too small."""

import numpy as np
import pytest
import torch
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.filter import bayes, collaborative
from NSN2NDenoiseLib.engine.runtime import device, time_limit
from NSN2NDenoiseLib.engine.stages import STAGES
from NSN2NDenoiseLib.engine.stages.learn import FEWER_PAIRS
from NSN2NDenoiseLib.engine.train import inference
from scipy import ndimage

from Testing.Engine.other_device import CARD, Card
from Testing.Engine.phantoms import magnitude, mr_phantom, phantom

TINY = {"width": 4, "levels": 2}
#: Everything that a run can do, for however long, and for four steps.
ENDLESS = {**TINY, "learn": True, "rician": "on", "strength": 0.9}
ALL = {**ENDLESS, "steps": 4}
#: That a card has memory for: two of each pair, and fewer than the volume's slices.
IMAGES = 4


def as_on_a_card(monkeypatch):
    """The CPU takes the ways of a GPU, in torch and with as many slices at once."""
    for module in (bayes, collaborative):
        monkeypatch.setattr(module, "can_compile", lambda *_: False)
        monkeypatch.setattr(module, "REACH", (1, 1, 1))  # it takes seconds with more
    monkeypatch.setattr(inference, "slices_at_once", lambda _: inference.GPU_BATCH)


@pytest.fixture
def card(monkeypatch):
    """The card, entered."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (int(20e9), int(24e9)))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 0)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 0)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "made of paper")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (7, 5))
    as_on_a_card(monkeypatch)
    with Card() as card:
        yield card


@pytest.fixture(scope="module")
def noisy():
    """MR with colored noise and padding: nothing is left out for want of a reason."""
    volume = magnitude(mr_phantom(slices=6, side=40), 8)
    volume = ndimage.gaussian_filter(volume, (0, 0.6, 0.6)) + 1
    volume[:, :9] = 0
    return volume


def run(volume, where, preset="default", **settings):
    return engine.denoise(volume, engine.Settings.from_preset(preset, device=where, precision="float32", **settings))


@pytest.fixture(scope="module")
def on_cpu(noisy):
    """The run that does everything, on the CPU, and leaves a card alone."""
    with pytest.MonkeyPatch.context() as patch, Card() as card:
        as_on_a_card(patch)
        result = run(noisy, "cpu", **ALL)
    assert not card.operations
    return result


def few_steps(monkeypatch):
    """A time limit gives four steps, and times as many."""
    for name in ("FEWEST", "MOST", "TIMED_STEPS"):
        monkeypatch.setattr(time_limit, name, 4)


def assert_same(one, other):
    np.testing.assert_array_equal(one.denoised, other.denoised)
    np.testing.assert_array_equal(one.weights, other.weights)
    assert one.losses == other.losses
    kept = [result.network.weights if result.network else {} for result in (one, other)]
    assert kept[0].keys() == kept[1].keys() and all(torch.equal(kept[0][name], kept[1][name]) for name in kept[0])


def test_the_card_refuses_what_a_card_refuses(card):
    there, here = torch.ones(3, device="cuda"), torch.ones(3)
    assert there.device == CARD and (there + 1).device == CARD
    assert (there + torch.tensor(1.0)).sum().item() == 6 and float(there.sum()) == 3
    assert type(there.cpu()) is torch.Tensor and torch.tensor([1, 2], device="cuda")[1] == 2
    for refused in (
        lambda: there + here,
        lambda: here.add_(there),
        lambda: torch.where(there > 0, there, here),
        lambda: torch.rand(3, device="cuda", generator=torch.Generator()),
        lambda: there.numpy(),
        lambda: np.asarray(there),
    ):
        with pytest.raises((RuntimeError, TypeError), match="cuda"):
            refused()
    card.largest = 16
    with pytest.raises(torch.cuda.OutOfMemoryError):
        torch.ones(5, device="cuda")


@pytest.mark.parametrize(
    ("preset", "settings"),
    [
        ("default", ALL),
        ("fast", {}),
        ("nsn2n", {**TINY, "steps": 4}),
        ("paper", {**TINY, "epochs": 1, "steps": 0}),
        ("ultrasound", {}),
    ],
)
def test_a_preset_gives_the_voxels_of_the_cpu(card, noisy, on_cpu, preset, settings):
    there = run(noisy, "cuda", preset, **settings)
    assert there.report["device"] == "cuda (made of paper)" and card.operations > 100
    done = card.operations
    assert_same(there, on_cpu if settings is ALL else run(noisy, "cpu", preset, **settings))
    assert card.operations == done
    assert not any("memory" in text for text in there.report["warnings"])


def test_a_network_of_another_run_is_used_there(card, noisy, on_cpu):
    settings = [engine.Settings.from_preset(device=where, precision="float32", **ALL) for where in ("cuda", "cpu")]
    there, here = (engine.denoise(noisy, one, network=on_cpu.network) for one in settings)
    assert there.report["device"].startswith("cuda") and not there.losses
    assert_same(there, here)


def test_frames_of_a_sequence_have_the_voxels_of_the_cpu(card, noisy):
    frames = [noisy, np.abs(noisy + np.random.default_rng(1).normal(0, 4, noisy.shape) * (noisy > 0))]
    few = {**TINY, "steps": 2, "precision": "float32"}
    settings = [engine.Settings.from_preset("nsn2n", device=where, **few) for where in ("cuda", "cpu")]
    there, here = (list(engine.denoise_frames(frames, one)) for one in settings)
    for one, other in zip(there, here, strict=True):
        assert one.report["device"].startswith("cuda")
        assert_same(one, other)


def test_white_noise_is_filtered_by_torch_and_then_on_the_cpu(card):
    _, white = phantom(slices=6, side=40)
    assert_same(run(white, "cuda"), run(white, "cpu"))


def test_auto_tries_the_card_and_takes_it(card, noisy):
    assert device.choose_device("auto") == torch.device("cuda") and card.operations
    assert run(noisy, "auto", "fast").report["device"].startswith("cuda")


def test_a_time_limit_times_the_card(card, noisy, on_cpu, monkeypatch):
    few_steps(monkeypatch)
    limited = run(noisy, "cuda", **ENDLESS, minutes=0.1)
    assert limited.report["steps"] == 4
    assert_same(limited, on_cpu)


@pytest.mark.parametrize("limit", [{"steps": 4}, {"minutes": 0.1}])
def test_a_step_with_too_many_pairs_takes_half_of_them_and_says_so(card, noisy, monkeypatch, limit):
    def tight(state, workshop, work=STAGES["learn"]):
        card.largest = 4 * 8 * 40 * 40 * IMAGES  # the widest feature maps have 8 channels
        learned = work(state, workshop)
        card.largest = float("inf")
        return learned

    few_steps(monkeypatch)
    monkeypatch.setitem(STAGES, "learn", tight)
    result = run(noisy, "cuda", **ENDLESS, batch=8, **limit)
    assert result.report["device"].startswith("cuda")
    assert FEWER_PAIRS.format(IMAGES // 2, 8) in result.report["warnings"]
    assert len(result.losses) == 4 and np.isfinite(result.denoised).all()


@pytest.mark.parametrize("stage", ["first", "learn", "refine", "spare"])
def test_a_card_without_memory_leaves_the_rest_to_the_cpu(card, noisy, on_cpu, monkeypatch, stage):
    def full(state, workshop, work=STAGES[stage]):
        card.largest = 64
        return work(state, workshop)

    monkeypatch.setitem(STAGES, stage, full)
    seen = []
    settings = engine.Settings.from_preset(**ALL, device="cuda", precision="float32")
    result = engine.denoise(noisy, settings, progress=seen.append)
    assert result.report["device"].startswith("cpu")
    assert sum("ran out: the run went on on the CPU" in text for text in result.report["warnings"]) == 1
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    assert_same(result, on_cpu)


def test_where_the_cpu_lacks_memory_too_the_error_is_clear(card, noisy, monkeypatch):
    def full(state, workshop, work=STAGES["learn"]):
        card.largest = 64
        if workshop.device.type == "cpu":
            raise MemoryError
        return work(state, workshop)

    monkeypatch.setitem(STAGES, "learn", full)
    with pytest.raises(engine.RunError, match=r"out of memory .*\(6, 40, 40\); crop it"):
        run(noisy, "cuda", **ALL)
