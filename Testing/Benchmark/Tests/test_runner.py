"""The runner: skips what is done, says why something can't run, and the page puts the losses first."""

import json
from dataclasses import replace

import numpy as np
import pytest
from Benchmark import records, run
from Benchmark.cases import build, matching_blur
from Benchmark.configuration import SYNTHETIC, Experiment, MethodRun
from Benchmark.judge import best_variant, invert_expected_magnitude
from Benchmark.plans import PLANS
from Benchmark.simulate_mr import expected_magnitude
from Benchmark.synthetic import synthetic_head

pytest.importorskip("matplotlib", reason="the results page needs matplotlib (Testing/Benchmark/requirements.txt)")
from Benchmark import make_page
from Benchmark.opening import opening


@pytest.fixture
def experiment():
    return Experiment(
        "tiny",
        "Tiny head",
        "mr",
        SYNTHETIC,
        options={"shape": (6, 48, 48), "level": 0.07},
        methods=(MethodRun("noisy"), MethodRun("median"), MethodRun("nsn2n", "paper", {"needs_gpu": True})),
        seeds=(0,),
    )


@pytest.fixture
def plan(experiment, tmp_path, monkeypatch):
    monkeypatch.setitem(PLANS, "quick", lambda: (experiment,))
    monkeypatch.setattr(run, "RUNS", tmp_path)
    monkeypatch.setattr(make_page, "RUNS", tmp_path)
    monkeypatch.setattr(make_page, "HERE", tmp_path)
    monkeypatch.setattr(run, "sample_volumes", list)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    return tmp_path


def test_results_are_kept_skipped_and_redone_when_their_configuration_changes(plan, experiment, capsys):
    assert run.main(["--quick", "--jobs", "1"]) == 0
    path = records.path_of(plan / "quick", experiment, experiment.methods[1], 0)
    record = json.loads(path.read_text())
    assert record["status"] == "ok"
    assert {"command", "commit", "machine", "seed", "versions"} <= set(record)
    assert record["variants"][record["best"]]["figures"]["psnrTissue"] > 20
    assert "3 to make" in capsys.readouterr().out
    assert run.main(["--quick", "--jobs", "1"]) == 0
    assert "1 to make" in capsys.readouterr().out  # the one that could not run is tried again
    record["configuration"]["experiment"]["options"]["level"] = 0.05
    path.write_text(json.dumps(record))
    run.main(["--quick", "--jobs", "1", "--only", "tiny/median"])
    assert "1 results, 1 to make" in capsys.readouterr().out


def test_half_a_file_counts_as_nothing(plan, experiment):
    path = records.path_of(plan / "quick", experiment, experiment.methods[0], 0)
    path.parent.mkdir(parents=True)
    path.write_text('{"status": "ok", "confi')
    assert records.read(path) is None
    assert records.state(None, {}, "") == "to do"


def test_training_data_count_only_for_the_methods_that_see_them(experiment):
    for method, same in (("median", True), ("n2c", False)):
        old, new = (
            records.configuration_of(replace(experiment, training=("v", part)), MethodRun(method), 0) for part in (1, 2)
        )
        assert records.is_of({"configuration": old}, new) is same


def test_a_method_that_cannot_run_is_a_row_that_says_why(plan, experiment, capsys):
    run.main(["--quick", "--jobs", "1"])
    make_page.main(["--quick"])
    page = (plan / "Results-quick.md").read_text()
    assert "not run: the standard U-Net" in page
    assert "E[M]" in page
    assert (plan / "Results" / "quick" / "tiny-errors.jpg").stat().st_size > 10_000


MACHINE = {"processor": "P", "cores": 2, "threads": 1, "gpu": None}


def record_of(method, label, figures, seconds):
    variant = {"figures": figures, "cpuSeconds": seconds}
    result = {"method": method, "label": label, "status": "ok", "variants": [variant], "best": 0, "stale": False}
    return {**result, "machine": MACHINE}


def test_the_first_paragraph_names_the_rival_and_the_gap(experiment):
    def record(method, label, value, seconds=10.0):
        return record_of(method, label, {"psnrTissue": value, "psnr": value - 2.0}, seconds)

    found = {"tiny": [record("nsn2n", "default", 30.0, 40.0), record("median", "", 31.25), record("noisy", "", 23.0)]}
    text = opening([experiment], found)
    assert "loses:** Tiny head (30.00 dB in tissue): behind Median (SimpleITK) (+1.25 dB)" in text
    assert "over the whole image 1.25 dB behind Median (SimpleITK), whose time is 0.25 of NS-N2N's" in text
    found["tiny"][0] = record("nsn2n", "default", 32.0)
    text = opening([experiment], found)
    assert "nowhere" in text
    assert "next is Median (SimpleITK), -0.75 dB" in text
    assert "no result" in opening([experiment], {"tiny": []})


def test_on_real_volumes_a_loss_is_leak_or_a_quieter_rival_that_does_not_leak(experiment):
    def record(method, label, noise, leak):
        return record_of(method, label, {"noiseBefore": 20.0, "noiseAfter": noise, "leak": leak}, 1.0)

    rivals = [record("median", "", 4.0, [1.0, 1.2]), record("tv", "", 1.0, [1.0, 3.0]), record("noisy", "", 20.0, None)]
    text = opening([experiment], {"tiny": [record("nsn2n", "default", 5.0, [1.0, 1.5]), *rivals]})
    assert "leak 1.50 at most): its removed noise holds more anatomy than the limit of 1.3 allows" in text
    assert "less noise within the leak limit have Median (SimpleITK) (4)" in text
    text = opening([experiment], {"tiny": [record("nsn2n", "default", 3.0, [1.0, 1.2]), *rivals]})
    assert "nowhere" in text


def test_missing_data_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr("Benchmark.data.SAMPLES", tmp_path / "none")
    said = []
    names = [e.name for e in run.experiments("quick", [], said.append)]
    assert names[:2] == ["synthetic-mr", "synthetic-ct"]
    assert any("mr-7" in line and "mr_colin27" in line for line in said)


@pytest.mark.parametrize("plan_name", PLANS)
def test_plans_are_consistent(plan_name):
    planned = PLANS[plan_name]()
    assert len({e.name for e in planned}) == len(planned)
    for experiment in planned:
        assert len({r.name for r in experiment.methods}) == len(experiment.methods)
        for method in experiment.methods:
            records.configuration_of(experiment, method, 0)


def test_settings_of_every_run_exist_in_the_engine():
    from NSN2NDenoiseLib import engine

    for planned in (plan() for plan in PLANS.values()):
        for experiment in planned:
            for method in experiment.methods:
                if method.method == "nsn2n":
                    chosen = {k: v for k, v in method.parameters.items() if k != "needs_gpu"}
                    engine.Settings.from_preset(chosen.pop("preset", "default"), **chosen)


def test_lowdose_case_is_cached_and_its_noise_correlates(tmp_path):
    options = {"shape": (6, 40, 40), "photons": 1e5, "views": 60, "pixel_mm": 4.0, "slice_correlation": 0.5}
    experiment = Experiment("ct", "ct", "lowdose", SYNTHETIC, options=options)
    case = build(experiment, [], tmp_path)
    again = build(experiment, [], tmp_path)
    assert len(list(tmp_path.glob("*.npz"))) == 1
    np.testing.assert_array_equal(case.noisy, again.noisy)
    noise = (case.noisy - case.reference)[:, 10:30, 10:30]
    assert np.corrcoef(noise[2].ravel(), noise[3].ravel())[0, 1] == pytest.approx(0.5, abs=0.15)


def test_matching_blur_finds_the_blur():
    from scipy import ndimage

    sharp = synthetic_head((4, 96, 96), "ct")
    soft = ndimage.gaussian_filter(sharp, (0, 1.2, 1.2))
    assert matching_blur(sharp, soft) == pytest.approx(1.2, abs=0.051)


def test_inverting_the_rician_mean():
    amplitude = np.linspace(0, 200, 500).astype(np.float32)
    back = invert_expected_magnitude(expected_magnitude(amplitude, 10.0), 10.0)
    np.testing.assert_allclose(back[5:], amplitude[5:], atol=0.1)
    assert invert_expected_magnitude(np.array([3.0], np.float32), 10.0)[0] == 0.0


def test_best_of_a_sweep():
    def real(noise, leak):
        return {"figures": {"noiseAfter": noise, "leak": leak}}

    assert best_variant([{"figures": {"psnrTissue": v}} for v in (20.0, 22.0, 21.0)]) == 1
    assert best_variant([real(5, [1, 1.1]), real(3, [1, 1.2]), real(1, [1, 2.0])]) == 1
    assert best_variant([real(5, [1, 1.9]), real(3, [1, 1.6])]) == 1


def test_two_jobs_share_the_cores_and_make_the_same_results(quick_workers, plan, capsys):
    assert run.main(["--quick", "--jobs", "2", "--skip", "tiny/nsn2n"]) == 0
    assert "2 results, 2 to make" in capsys.readouterr().out
    record = json.loads((plan / "quick" / "tiny" / "median--seed0.json").read_text())
    assert record["status"] == "ok"
    assert run.main(["--quick", "--jobs", "1", "--threads", "1", "--only", "tiny/median"]) == 0
    assert "1 results, 0 to make" in capsys.readouterr().out


def test_several_ranges_of_slices_are_put_together(tmp_path, monkeypatch):
    from Benchmark import data

    volume = np.arange(10 * 4 * 5, dtype=np.float32).reshape(10, 4, 5)
    monkeypatch.setattr(data, "find", lambda name, folders: name)
    monkeypatch.setattr(data, "read_volume", lambda path, purpose: (volume, (1.0, 1.0, 1.0)))
    np.testing.assert_array_equal(data.load("v", (None, (1, 3), None), [])[0], volume[:, 1:3])
    np.testing.assert_array_equal(data.load("v", ((2, 5), None, None), [])[0], volume[2:5])
    np.testing.assert_array_equal(data.load("v", (((0, 2), (7, 9)), None, None), [])[0], volume[[0, 1, 7, 8]])
