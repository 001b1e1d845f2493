"""The engine's public door on a phantom and on a real volume: better, repeatable, stoppable, honest."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.judge.guards import check_result

from Testing.Engine.phantoms import phantom
from Testing.Engine.test_within import volume_of

QUICK = {
    "learn": True,
    "width": 8,
    "levels": 2,
    "steps": 30,
    "batch": 8,
    "crop": 32,
    "learning_rate": 3e-3,
    "device": "cpu",
}


@pytest.fixture(scope="module")
def run():
    clean, noisy = phantom(slices=8, side=80, noise=40)
    noisy = np.rint(noisy).astype(np.int16)
    noisy[:, :, :9] = -2000
    progress: list[engine.Progress] = []
    result = engine.denoise(noisy, engine.Settings.from_preset(**{**QUICK, "batch": 4}), progress=progress.append)
    return clean, noisy, result, progress


def test_noise_falls_and_the_mean_stays(run):
    clean, noisy, result, _ = run
    inside = np.zeros(clean.shape, bool)
    inside[:, 10:70, 10:70] = True
    before = (noisy - clean)[inside].std()
    after = (result.denoised - clean)[inside].std()
    assert after < 0.45 * before
    assert abs((result.denoised - clean)[inside].mean()) < 1.5


def test_shape_type_and_padding_stay(run):
    _, noisy, result, _ = run
    assert result.denoised.dtype == noisy.dtype and result.denoised.shape == noisy.shape
    np.testing.assert_array_equal(result.denoised[:, :, :9], -2000)
    assert result.weights.dtype == np.uint8 and result.weights.shape == noisy.shape
    assert result.weights[:, :, :9].max() == 0


def test_end_slices_are_as_good_as_the_others(run):
    clean, _, result, _ = run
    error = (result.denoised - clean)[:, 10:70, 10:70].std(axis=(1, 2))
    assert error[[0, -1]].max() < 1.35 * np.median(error)


def test_the_report_is_complete_and_true(run):
    _, _, result, _ = run
    report = json.loads(json.dumps(result.report))
    for key in ("thresholdImageUnits", "sliceCorrelation", "versions", "seconds", "peakMemoryMB", "preset", "seed"):
        assert report[key] not in (None, {}), key
    assert report["noiseBefore"] == pytest.approx(40, rel=0.1)
    assert report["noiseAfter"] < 0.5 * report["noiseBefore"]
    assert report["flatBefore"] == pytest.approx(40, rel=0.1)
    assert report["flatAfter"] < 0.4 * report["flatBefore"]
    assert report["steps"] == len(result.losses) == QUICK["steps"]
    assert report["matchedFraction"] == pytest.approx(result.weights[:, :, 9:].mean(), abs=0.02)
    assert report["padding"] == -2000


def test_progress_never_falls_and_ends_at_one(run):
    *_, progress = run
    fractions = [p.fraction for p in progress]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    stages = ("look", "match", "first", "similar", "learn", "refine", "limit", "spare", "judge", "report")
    assert tuple(dict.fromkeys(p.stage for p in progress)) == stages
    training = [p for p in progress if p.stage == "learn" and p.fraction > 0.2]
    assert all(p.loss is not None and p.seconds_left is not None for p in training)


def test_the_same_seed_gives_the_same_voxels_and_another_seed_others():
    _, noisy = phantom(slices=4, side=32)
    few = {**QUICK, "steps": 4, "crop": 16}
    first, again, other = (
        engine.denoise(noisy, engine.Settings.from_preset(**few, seed=s)).denoised for s in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_input_is_not_changed():
    _, noisy = phantom(slices=5, side=48)
    copy = noisy.copy()
    noisy.setflags(write=False)
    engine.denoise(noisy, engine.Settings.from_preset(**{**QUICK, "steps": 2}))
    np.testing.assert_array_equal(noisy, copy)


def test_another_slice_axis_is_the_same_as_a_turned_volume():
    noisy = phantom(slices=8, side=28)[1][:, :24, :]
    settings = {**QUICK, "steps": 3, "batch": 2, "crop": 16, "gap": 1}
    along_k = engine.denoise(noisy, engine.Settings.from_preset(**settings, axis="k")).denoised
    for number, axis in ((1, "j"), (2, "i")):
        turned = np.moveaxis(noisy, 0, number).copy()
        result = engine.denoise(turned, engine.Settings.from_preset(**settings, axis=axis))
        np.testing.assert_array_equal(np.moveaxis(result.denoised, number, 0), along_k)
        assert result.denoised.flags.c_contiguous


@pytest.mark.parametrize("stage", ["match", "learn", "refine"])
def test_stopping_in_any_stage(stage):
    _, noisy = phantom(slices=6, side=48)
    seen = []
    with pytest.raises(engine.Cancelled):
        engine.denoise(
            noisy,
            engine.Settings.from_preset(**{**QUICK, "steps": 5}),
            progress=lambda p: seen.append(p.stage),
            should_stop=lambda: stage in seen,
        )
    assert seen[-1] == stage


def test_the_paper_preset_runs():
    _, noisy = phantom(slices=4, side=32)
    result = engine.denoise(noisy, engine.Settings.from_preset("paper", width=4, epochs=5, device="cpu"))
    assert result.report["steps"] == 5 * 3
    assert result.denoised.std() > 0.5 * noisy.std()


def test_no_matched_voxel_is_an_error():
    random = np.random.default_rng(0)
    volume = random.integers(0, 1000, (5, 32, 32)).astype(np.float32)
    with pytest.raises(engine.RunError, match="raise the threshold"):
        engine.denoise(volume, engine.Settings.from_preset(**{**QUICK, "threshold": 0.0}))


def test_a_collapse_is_an_error():
    clean, noisy = (v / 1300 for v in phantom())
    check_result(noisy, clean, None, 20 / 1300)
    flat = noisy[:, :8] - clean[:, :8] + 0.5  # a uniform phantom: nothing of its noise has to stay
    check_result(flat, 0.5 + 0.07 * (flat - 0.5), None, 20 / 1300)
    check_result(flat, 0.5 + 0.6 * (flat - 0.5), None, 20 / 1300)
    with pytest.raises(engine.RunError, match="collapsed"):
        check_result(noisy, np.full_like(noisy, noisy.mean()), None, 20 / 1300)
    with pytest.raises(engine.RunError, match="anatomy was removed"):
        check_result(noisy, 0.6 * clean, None, 20 / 1300)
    with pytest.raises(engine.RunError, match="NaN"):
        check_result(noisy, np.full_like(noisy, np.nan), None, 20 / 1300)


def test_a_diverging_training_is_an_error(monkeypatch):
    from NSN2NDenoiseLib.engine.train import training as train

    monkeypatch.setattr(train, "training_step", lambda *a, step=train.training_step: step(*a) * float("nan"))
    _, noisy = phantom(slices=4, side=32)
    with pytest.raises(engine.RunError, match="diverged"):
        engine.denoise(noisy, engine.Settings.from_preset(**QUICK))


def test_out_of_memory_shrinks_the_batch_then_says_so(monkeypatch):
    from NSN2NDenoiseLib.engine.train import training as train

    sizes, whole = [], train.training_step

    def step(limit):
        def run_step(network, cut, *rest):
            sizes.append(len(cut["w"]))
            if len(cut["w"]) > limit:
                raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
            return whole(network, cut, *rest)

        return run_step

    _, noisy = phantom(slices=4, side=32)
    settings = engine.Settings.from_preset(**{**QUICK, "steps": 3, "crop": 16})
    monkeypatch.setattr(train, "training_step", step(2))
    report = engine.denoise(noisy, settings).report
    assert sizes == [8, 4, 2, 2, 2] and any("2 pairs a step instead of 8" in text for text in report["warnings"])
    monkeypatch.setattr(train, "training_step", step(0))
    with pytest.raises(engine.RunError, match=r"out of memory .* crop it"):
        engine.denoise(noisy, settings)


BLOCKED = """
import sys
for name in ("slicer", "qt", "vtk", "ctk", "SimpleITK", "skimage"{more}):
    sys.modules[name] = None
from NSN2NDenoiseLib import engine
{use}
"""


def run_python(code: str, **environment: str) -> str:
    """What the code prints, in a process of its own."""
    root = Path(__file__).resolve().parents[2] / "NSN2NDenoise"
    how = {"check": True, "cwd": root, "timeout": 240, "stdout": subprocess.PIPE, "text": True}
    return subprocess.run([sys.executable, "-c", code], env={**os.environ, **environment}, **how).stdout


def test_mask_and_preview_need_no_torch_and_whoever_loads_it_has_its_threads_wait_passively():
    use = (
        "import numpy as np; x = np.random.default_rng(0).normal(0, 1, (6, 32, 32)); look, s = engine.take_look(x);"
        "plan = engine.make_plan(look, engine.Settings()); m = engine.Matching(s, look.noise_sd, plan.gap);"
        "assert engine.weight_matrix(m.residual(), plan.threshold).shape == x.shape\n"
        "import os, importlib; from NSN2NDenoiseLib.engine.timing import measure_speed\n"
        "importlib.import_module(engine.inspect_volume.__module__).find_spec = bool  # as if it were there\n"
        "loads = lambda: engine.denoise, lambda: engine.inspect_volume(x), lambda: measure_speed(s, look, plan)\n"
        "for load in loads:\n"
        "    os.environ.pop('OMP_WAIT_POLICY', None)\n"
        "    try: load()\n"
        "    except ImportError as error: print(error.name, os.environ.get('OMP_WAIT_POLICY'))\n"
    )
    assert run_python(BLOCKED.format(more=', "torch"', use=use)) == 3 * "torch PASSIVE\n"


def voxels() -> str:
    """Stages and voxels of two runs, in a line each."""
    lines = []
    for kind in ("colored", "white"):
        volume = volume_of(kind, (5, 80, 84))  # torch takes several threads from 2^15 voxels on
        volume -= volume.min()
        result = engine.denoise(volume, engine.Settings.from_preset("fast", device="cpu", rician="on"))
        lines.append(f"{result.report['stages']} {hashlib.sha256(result.denoised.tobytes()).hexdigest()}\n")
    return "".join(lines)


def voxels_of_threads(count: int) -> str:
    """The same with so many threads, in this process if it has as many, and in one without Slicer, Qt and VTK else."""
    if os.environ.get("OMP_NUM_THREADS") == str(count):
        return voxels()
    use = "from Testing.Engine.test_denoise import voxels; print(voxels(), end='')"
    root = str(Path(__file__).resolve().parents[2])
    return run_python(BLOCKED.format(more="", use=use), OMP_NUM_THREADS=str(count), PYTHONPATH=root)


def test_voxels_do_not_depend_on_the_number_of_threads_and_need_no_slicer_qt_or_vtk():
    one, two = voxels_of_threads(1), voxels_of_threads(2)
    assert one.count("similar") == 2 and "unbias" in one
    assert two == one
