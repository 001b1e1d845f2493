"""Predicted seconds beside those of a run."""

import sys
import time
from importlib import import_module

import SimpleITK as sitk
from Benchmark import check_timing
from NSN2NDenoiseLib.engine import timing
from NSN2NDenoiseLib.engine.runtime import progress, time_limit
from NSN2NDenoiseLib.engine.stages import STAGES

from Testing.Engine.phantoms import phantom


def test_by_the_clock_of_the_cpu_waiting_takes_no_time(monkeypatch, tmp_path, capsys):
    for module, clock in ((progress, "awake_seconds"), (timing, "time"), (time_limit, "time")):
        monkeypatch.setattr(module, clock, getattr(module, clock))  # put back at the end
    monkeypatch.setattr(import_module("NSN2NDenoiseLib.engine.stages.learn"), "count_steps", lambda *_: 1)
    monkeypatch.setattr(time_limit, "TIMED_STEPS", 3)
    judge = STAGES["judge"]
    monkeypatch.setitem(STAGES, "judge", lambda *state: (time.sleep(0.5), judge(*state))[1])
    sitk.WriteImage(sitk.GetImageFromArray(phantom(slices=4, side=32)[1]), tmp_path / "noisy.nrrd")
    monkeypatch.setattr(sys, "argv", ["", str(tmp_path / "noisy.nrrd"), "--preset", "nsn2n", "--cpu"])
    check_timing.main()
    seconds = {line.split()[0]: float(line.split()[-1]) for line in capsys.readouterr().out.splitlines()[1:]}
    assert set(seconds) >= {"match", "learn", "judge"} and seconds["judge"] < 0.4
