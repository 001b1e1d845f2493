"""The final plan: its volumes, its draws, what is chosen on draw 0, the paired test, and the page that says it."""

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from Benchmark import execute, ledger, memory, paired, plan_final, pool, records, run
from Benchmark.case import BadCase, CannotRun, Case
from Benchmark.cases import build
from Benchmark.configuration import SYNTHETIC, Experiment, MethodRun, seeds_of
from Benchmark.Peers import bm4d_filter
from Benchmark.plans import PLANS
from Benchmark.simulate_mr import add_rician_noise
from scipy import stats

pytest.importorskip("matplotlib", reason="the results page needs matplotlib (Testing/Benchmark/requirements.txt)")
from Benchmark import final_page, make_page, restore


def test_the_final_plan_opens_final_volumes_and_the_rehearsal_none():
    assert {e.base for e in plan_final.final()} == {volume.file for volume in plan_final.VOLUMES.values()}
    assert {e.purpose for e in plan_final.final()} == {"final"}
    assert {e.purpose for e in plan_final.rehearsal()} == {"development"}
    names = [[e.name for e in plan()] for plan in (plan_final.final, plan_final.rehearsal)]
    assert names[0] == names[1]


def test_each_case_with_a_truth_has_three_draws_and_every_method_runs_on_each():
    cases = {}
    for experiment in plan_final.final():
        if experiment.kind != "real":
            cases.setdefault(plan_final.case_of(experiment.name), []).append(experiment)
    assert {"mr-3", "mr-7", "mr-varying", "mr-correlated", "ct-low", "ct-higher"} <= set(cases)
    for case, drawn in cases.items():
        assert [e.noise_seed for e in drawn] == [0, 1, 2]
        assert len({tuple(m.name for m in e.methods) for e in drawn}) == 1
        assert "chosen_on" not in drawn[0].options
        assert all(e.options["chosen_on"] == f"{case}--draw0" for e in drawn[1:])
        labels = {m.label for m in drawn[0].methods if m.method == "nsn2n"}
        assert labels == {"default", "fast", "nsn2n"}
        assert {m.series for m in drawn[0].methods} == {"", "own", "user", "truth"}


def test_a_method_without_a_seed_runs_once_a_draw():
    first = next(e for e in plan_final.final() if e.name == "mr-7--draw0")
    seeds = {m.label: seeds_of(first, m, True) for m in first.methods if m.method == "nsn2n"}
    assert seeds == {"default": (0,), "fast": (0,), "nsn2n": (0, 1, 2)}
    configuration = records.configuration_of(first, first.methods[0], 0)
    assert "once" not in configuration["run"]


def tiny(level=0.1):
    """Two draws of a synthetic head; the sweep of draw 0 decides for draw 1."""
    methods = (
        MethodRun("noisy"),
        plan_final.row("median", "best of sweep", "truth", ({"radius": [0, 0, 0]}, {"radius": [1, 1, 0]})),
        plan_final.row("median", "as it is", "user", radius=[1, 1, 1]),
        plan_final.row("median", "default", "own", radius=[0, 1, 1]),
    )
    options = {"shape": (6, 40, 40), "level": level}
    first = Experiment("tiny--draw0", "Tiny head", "mr", SYNTHETIC, options=options, methods=methods, seeds=(0,))
    later = {**options, "chosen_on": "tiny--draw0"}
    return first, *(replace(first, name=f"tiny--draw{n}", options=later, noise_seed=n, seeds=(n,)) for n in (1, 2))


@pytest.fixture
def rehearsed(tmp_path, monkeypatch):
    """The tiny plan run as the rehearsal; its folder of records."""
    monkeypatch.setitem(PLANS, "rehearsal", tiny)
    for module in (run, make_page, final_page):
        monkeypatch.setattr(module, "RUNS", tmp_path)
    assert run.main(["--rehearsal", "--jobs", "1"]) == 0
    return tmp_path / "rehearsal"


def test_other_draws_take_what_was_best_on_draw_0(rehearsed):
    first, second = (
        json.loads((rehearsed / f"tiny--draw{n}" / f"median--best-of-sweep--seed{n}.json").read_text(encoding="utf-8"))
        for n in (0, 1)
    )
    assert len(first["variants"]) == 2
    assert first["variants"][first["best"]]["parameters"] == {"radius": [1, 1, 0]}
    assert [v["parameters"] for v in second["variants"]] == [{"radius": [1, 1, 0]}]
    assert first["variants"][0]["figures"]["psnrTissue"] != second["variants"][0]["figures"]["psnrTissue"]


def test_without_draw_0_nothing_is_chosen(tmp_path):
    second = tiny()[1]
    with pytest.raises(CannotRun, match="chosen on tiny--draw0"):
        execute.as_chosen(second, second.methods[1], tmp_path / "tiny--draw1" / "x.json")
    assert execute.as_chosen(second, second.methods[2], tmp_path / "tiny--draw1" / "x.json") is second.methods[2]


def test_the_page_says_who_was_helped_and_puts_what_is_behind_first(rehearsed, monkeypatch, capsys):
    monkeypatch.setattr("Benchmark.final_rows.OWN", ("median", "default"))
    monkeypatch.setattr(final_page, "SHOWN", ("tiny",))
    final_page.main(["--rehearsal"])
    page = (rehearsed / "Results-rehearsal.md").read_text(encoding="utf-8")
    assert "no evidence" in page
    opening = page.split("\n\n")[2]
    assert opening.startswith("**Where NS-N2N's default, blind, is behind the best rival:**")
    assert "best of sweep, with the truth's help (-" in opening
    assert "| **the truth helped** |" in page
    assert (rehearsed / "figures" / "tiny-errors.jpg").stat().st_size > 5_000
    kept = json.loads((rehearsed / "figures" / "records.json").read_text(encoding="utf-8"))
    assert {r["experiment"] for r in kept} == {"tiny--draw0", "tiny--draw1", "tiny--draw2"}


def test_lead_is_the_paired_t_test():
    ours, theirs = {0: 30.0, 1: 30.4, 2: 30.1}, {0: 29.8, 1: 30.1, 2: 30.0}
    gap = paired.lead(ours, theirs)
    assert gap.mean == pytest.approx(0.2)
    assert gap.sd == pytest.approx(0.1)
    assert gap.p == pytest.approx(stats.ttest_rel(list(ours.values()), list(theirs.values())).pvalue)
    assert gap.verdict == "tie"  # p = 0.074: t = 3.46 with two degrees of freedom
    far = paired.lead({d: v + 0.3 for d, v in ours.items()}, theirs)
    assert far.verdict == "ahead"
    assert paired.lead({0: 29.0, 1: 29.3, 2: 29.25}, theirs).verdict == "behind"
    assert paired.lead({0: 31.0}, theirs).verdict == "tie"  # one draw decides nothing
    assert paired.lead(ours, ours).verdict == "tie"
    with pytest.raises(ValueError, match="no draw"):
        paired.lead({0: 1.0}, {1: 1.0})


def test_each_start_of_the_final_plan_is_written_down(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, "LEDGER", tmp_path / "runs.json")
    monkeypatch.setattr(records, "commit", lambda: "0123456789")
    assert ledger.begin("table", 2, 1, 5) is None
    number = ledger.begin("final", 2, 1, 5)
    ledger.end(number, 5, 1, 60.2)
    ledger.begin("final", 2, 1, 3)  # never ended: interrupted
    first, second = ledger.read()
    assert (first["commit"], first["made"], first["failed"], first["wallSeconds"]) == ("0123456789", 5, 1, 60)
    assert (second["toMake"], second["made"]) == (3, None)
    said = final_page.provenance([], "final")
    assert "started 2 times" in said
    assert "interrupted" in said
    monkeypatch.setattr(records, "commit", lambda: "0123456789+")
    with pytest.raises(SystemExit, match="commit them"):
        ledger.begin("final", 2, 1, 5)


def test_noise_of_parallel_imaging_and_of_filtered_k_space():
    clean = np.full((8, 64, 64), 1000.0)
    spread = np.ones(clean.shape)
    spread[:, :, 32:] = 2.0
    noisy, sigma = add_rician_noise(clean, 0.01, 0, spread=spread)
    assert sigma == 10
    assert noisy[:, :, :32].std() == pytest.approx(10, rel=0.03)
    assert noisy[:, :, 32:].std() == pytest.approx(20, rel=0.03)
    smooth, _ = add_rician_noise(clean, 0.01, 0, filtered=0.6)
    assert smooth.std() == pytest.approx(10, rel=0.02)
    noise = smooth - 1000.0
    kernel = np.exp(-0.5 * (np.arange(-3, 4) / 0.6) ** 2)
    wanted = np.sum(kernel[1:] * kernel[:-1]) / np.sum(kernel**2)
    found = np.mean(noise[:, :, 1:] * noise[:, :, :-1]) / noise.var()
    assert found == pytest.approx(wanted, abs=0.02)
    assert abs(np.mean(noise[1:] * noise[:-1])) < 0.02 * noise.var()


def test_a_noisy_base_adds_its_own_noise_to_what_rivals_are_told(tmp_path):
    options = {"shape": (6, 40, 40), "sd": 30.0, "own": 40.0, "varying": (6, 40, 40)}
    case = build(Experiment("e", "e", "mr", SYNTHETIC, options=options), [], tmp_path)
    assert case.sigma == pytest.approx(50)
    assert "counts as signal" in case.description["noise"]
    assert 0.5 <= case.spread.min() < case.spread.max() <= 2.0


def test_power_spectrum_for_bm4d_has_the_variance_of_the_noise():
    noise = np.random.default_rng(0).normal(0, 3.0, (6, 32, 32))
    for sd, wanted in ((None, np.mean(noise**2)), (5.0, 25.0)):
        power = bm4d_filter._power(noise, sd, 2.0)
        assert power.shape == noise.shape
        assert power.mean() / noise.size == pytest.approx(4 * wanted, rel=1e-5)


def test_blind_rivals_see_no_truth():
    rng = np.random.default_rng(0)
    volume = (1000 + rng.normal(0, 10, (8, 64, 64))).astype(np.float32)
    case = Case(volume, (1.0, 1.0, 1.0), sigma=np.nan)
    for how in bm4d_filter.BLIND:
        assert bm4d_filter.blind_sd(case, how) == pytest.approx(10, rel=0.1)


def test_a_case_that_cannot_be_built_is_a_row_and_not_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "build", lambda *args: (_ for _ in ()).throw(ValueError("no block of soft tissue")))
    monkeypatch.setattr(pool, "_state", {**pool._state, "key": None})
    experiment = tiny()[0]
    path = tmp_path / "r.json"
    record = pool.work(experiment, experiment.methods[0], 0, path, "n", [], tmp_path, 0.0)
    assert (record["status"], record["reason"]) == (
        "cannot run",
        "the case could not be built: no block of soft tissue",
    )
    assert isinstance(pool._state["case"], BadCase)


@pytest.mark.skipif(not (memory.SELF / "clear_refs").exists(), reason="memory is read from Linux's /proc")
def test_peak_of_memory():
    with memory.Peak() as peak:
        block = np.ones(8_000_000)  # 64 MB
        del block
    assert 60 < peak.added < 90
    assert peak.mb > peak.added


def test_numbers_page_holds_commands_outputs_and_no_place_of_this_machine(tmp_path, capfd):
    from Benchmark import numbers_page

    data, page = tmp_path / "my data", tmp_path / "Numbers.md"
    data.mkdir()
    arguments = ["--data", str(data), "--out", str(tmp_path / "out")]
    show = "python -c print(__import__('sys').argv[1])"
    assert numbers_page.main(arguments, [f"{show} DIR/a.nii"], page) == 0
    text = page.read_text(encoding="utf-8")
    assert f"    $ {show} DIR/a.nii\n    DIR/a.nii\n" in text
    assert str(tmp_path) not in text
    assert "Commit" in text
    before = page.read_bytes()
    assert numbers_page.main(arguments, ["python -c raise(SystemExit(3))"], page) == 1
    assert page.read_bytes() == before
    assert "status 3" in capfd.readouterr().err


def test_bm4d_is_told_the_spectrum_in_tissue_and_finds_what_numpy_renamed(monkeypatch):
    told = []

    def filtered(volume, level):
        told.append(level)
        return volume * np.trapz([1.0, 1.0])  # as bm4d 4.2.5 does for a spectrum

    monkeypatch.setattr(bm4d_filter, "PACKAGE", None)
    monkeypatch.setitem(sys.modules, "bm4d", SimpleNamespace(bm4d=filtered))
    clean = np.full((8, 16, 16), 100.0, np.float32)
    noisy = clean + np.random.default_rng(0).normal(0, 10, clean.shape).astype(np.float32)
    case = Case(noisy, (1.0, 1.0, 1.0), 13.0, False, clean)
    np.testing.assert_array_equal(bm4d_filter.denoise(case, 0, None, "tissue spectrum", 2.0), noisy)
    assert told[0].shape == noisy.shape
    assert told[0].mean() / noisy.size == pytest.approx(26.0**2, rel=1e-4)
    bm4d_filter.denoise(case, 0, None, "SD", 0.8)
    assert told[1] == pytest.approx(10.4)


def test_records_of_a_page_can_be_restored(tmp_path):
    """What is left of a record after the page is what was there before, but for what pages leave out."""
    record = {
        "experiment": "mr-7--draw0",
        "method": "median",
        "label": "best of sweep",
        "seed": 1,
        "configuration": {
            "experiment": {"name": "mr-7--draw0"},
            "run": {"method": "median", "label": "best of sweep"},
            "seed": 1,
        },
        "status": "ok",
        "best": 1,
        "variants": [
            {"parameters": {"radius": 1}, "seconds": 2.0, "cpuSeconds": 1.0, "figures": {"psnr": 20.0, "ssim": 0.5}},
            {"parameters": {"radius": 2}, "seconds": 3.0, "cpuSeconds": 2.0, "figures": {"psnr": 21.0, "ssim": 0.6}},
        ],
    }
    page = {"experiment": record["experiment"], **make_page.slim(record)}
    assert restore.restore(page, tmp_path)
    path = tmp_path / "mr-7--draw0" / "median--best-of-sweep--seed1.json"
    found = json.loads(path.read_text())
    assert found["variants"][1] == record["variants"][1]
    assert found["variants"][0] == {**record["variants"][0], "figures": {"psnr": 20.0}}
    assert make_page.slim(found) == make_page.slim(record)
    path.write_text("{}")
    assert not restore.restore(page, tmp_path) and path.read_text() == "{}"  # what is there stays
