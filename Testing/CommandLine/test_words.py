"""The end of a command in words: warnings, and the alarm in red where there is a terminal."""

import sys

import pytest
from NSN2NDenoiseLib.cli.progress_bar import format_progress
from NSN2NDenoiseLib.cli.words import RED, describe_seconds, describe_warnings
from NSN2NDenoiseLib.engine import Progress
from NSN2NDenoiseLib.engine.stages import STAGES

ALARM = "What was removed looks more like anatomy than like noise: look at the removed noise, and lower the strength."


def test_warnings_fit_the_terminal():
    lines = describe_warnings([ALARM])[0].splitlines()
    assert lines[0].startswith("Warning: ") and all(line.startswith("  ") for line in lines[1:])
    assert max(map(len, lines)) <= 79


def test_an_alarm_is_red_on_a_terminal_only(monkeypatch):
    assert "\033" not in "".join(describe_warnings([ALARM, "thick slices"], ALARM))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    alarm, other = describe_warnings([ALARM, "thick slices"], ALARM)
    assert alarm.startswith(RED.split("{}")[0] + "Warning: What") and alarm.endswith("\033[0m")
    assert other == "Warning: thick slices"


@pytest.mark.parametrize("stage", ["look", *STAGES, "report"])
def test_every_stage_has_a_line(stage):
    line = format_progress(Progress(stage, 0.5, 1e-3 if stage == "learn" else None, 3725.0))
    assert len(line) <= 79 and " 50 % " in line and "62:05 left" in line


def test_durations():
    said = {0.2: "1 s", 59.4: "59 s", 61: "1 min", 134: "2 min 10 s", 3700: "1.0 h", 9000: "2.5 h"}
    assert {seconds: describe_seconds(seconds) for seconds in said} == said
