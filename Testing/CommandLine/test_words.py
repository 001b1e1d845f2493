"""The end of a command in words: warnings, and the alarm in red where there is a terminal."""

import sys

from NSN2NDenoiseLib.cli.words import RED, describe_warnings

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
