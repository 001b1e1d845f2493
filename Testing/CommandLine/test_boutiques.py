"""``nsn2n --boutiques``: checked by Boutiques itself, and the command line that it makes of it is ours."""

import json
import shlex

import pytest
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.cli.arguments import make_parser
from NSN2NDenoiseLib.cli.parameters import settings_of


@pytest.fixture
def descriptor(nsn2n, tmp_path):
    """The file that Boutiques reads."""
    printed = nsn2n("--boutiques")
    assert printed.returncode == 0
    (tmp_path / "nsn2n.json").write_text(printed.stdout)
    return tmp_path / "nsn2n.json"


def command_of(descriptor, **values) -> list[str]:
    """The command line that Boutiques makes of values."""
    from boutiques import execute

    invocation = descriptor.with_name("invocation.json")
    invocation.write_text(json.dumps(values))
    return shlex.split(execute("simulate", str(descriptor), "-i", str(invocation)).shell_command)


def test_it_is_valid(descriptor):
    from boutiques import validate

    validate(str(descriptor))


def test_its_command_line_is_understood(descriptor):
    (descriptor.parent / "in.nrrd").write_text("")
    command = command_of(
        descriptor, input="in.nrrd", output="out.nrrd", preset="nsn2n", seed=3, strength=0.5, report="r.json"
    )
    assert command[0] == "nsn2n"
    options = make_parser().parse_args(command[1:])
    assert (options.input.name, options.output.name, options.report.name) == ("in.nrrd", "out.nrrd", "r.json")
    settings = settings_of(options)
    assert (settings.preset, settings.seed, settings.strength) == ("nsn2n", 3, 0.5)


def test_values_that_are_not_allowed_are_refused(descriptor):
    (descriptor.parent / "in.nrrd").write_text("")
    for values in ({"preset": "best"}, {"strength": 2}, {"seed": 0.5}):
        with pytest.raises(Exception, match=next(iter(values))):
            command_of(descriptor, input="in.nrrd", output="out.nrrd", **values)


def test_its_bounds_are_those_of_a_run(descriptor):
    bounded = [one for one in json.loads(descriptor.read_text())["inputs"] if "minimum" in one]
    assert {one["id"] for one in bounded} == {"minutes", "strength", "lambda_rc", "lambda_ic", "steps", "gap", "seed"}
    for one in bounded:
        step = 1 if one.get("integer") else 0.05

        def settings(value, flag=one["command-line-flag"]):
            return settings_of(make_parser().parse_args(["denoise", "i.nrrd", "o.nrrd", f"{flag}={value}"]))

        for value in (one["minimum"], one["maximum"]):
            assert getattr(settings(value), one["id"]) == value
        for value in (one["minimum"] - step, one["maximum"] + step):
            with pytest.raises(engine.SettingsError):
                settings(value)
