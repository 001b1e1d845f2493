"""The Slicer Execution Model: ``nsn2n --xml``, read and called by ctk-cli as any client does, and the CLI module."""

import argparse
import io
import logging
import re
import stat
import subprocess
from pathlib import Path

import pytest
import SimpleITK as sitk
from ctk_cli import CLIArgumentParser, CLIModule
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.cli.arguments import make_parser
from NSN2NDenoiseLib.cli.module import ModuleProgress, make_xml, parse_call
from NSN2NDenoiseLib.cli.parameters import settings_of
from NSN2NDenoiseLib.engine.parameters import BY_NAME, PARAMETERS

from Testing.CommandLine.conftest import ROOT, environment

MODULE = ROOT / "NSN2NDenoiseCLI" / "NSN2NDenoiseCLI.py"
#: The order that CTK's schema (ctkCmdLineModule.xsd) asks for.
SCHEMA = ["name", "flag", "longflag", "index", "description", "label", "default", "channel", "constraints", "element"]
#: Settings with bounds, and the most that a C++ int holds.
BOUNDED, INT = ("minutes", "lambda_rc", "gap", "seed"), str(2**31 - 1)


@pytest.fixture
def program(tmp_path, python) -> Path:
    """``nsn2n`` as a client finds it: an executable."""
    path = tmp_path / "nsn2n"
    path.write_text(f'#!/bin/sh\nexec {python} -m NSN2NDenoiseLib.cli "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def defaults(module: CLIModule) -> list[str]:
    """A flag with its default for every option that has one, as Slicer calls."""
    _, options, _ = module.classifyParameters()
    return [word for option in options if option.default is not None for word in (option.longflag, str(option.default))]


def test_a_client_reads_and_calls_it(program, small, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    with caplog.at_level(logging.WARNING, "ctk_cli"):
        module = CLIModule(str(program))
        arguments, options, outputs = module.classifyParameters()
    assert caplog.records == []  # ctk-cli warns of all that it does not know
    assert [parameter.name for parameter in arguments] == ["input", "output"] and outputs == []
    assert {parameter.name for parameter in options} > set(BY_NAME)
    call = defaults(module)
    call[call.index("--preset") + 1] = "fast"
    call += ["--noise", "noise.nrrd", "--returnparameterfile", "values.txt", str(small), "out.nrrd"]
    done = subprocess.run(
        [program, *call], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    fractions = [float(text) for text in re.findall(r"<filter-progress>(.*?)</filter-progress>", done.stdout)]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("<filter-start>") and lines[-1].startswith("<filter-end>")
    assert sitk.ReadImage(str(tmp_path / "out.nrrd")).GetSize() == sitk.ReadImage(str(small)).GetSize()
    assert (tmp_path / "noise.nrrd").is_file()


def test_the_modules_files(small, tmp_path, python):
    assert MODULE.with_suffix(".xml").read_text(encoding="utf-8") == make_xml(), "nsn2n --xml > NSN2NDenoiseCLI.xml"
    call = [python, str(MODULE), "--preset", "fast", str(small), str(tmp_path / "out.nrrd")]
    done = subprocess.run(call, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0 and (tmp_path / "out.nrrd").is_file(), done.stderr
    missing = subprocess.run([*call[:-2], "none.nrrd", "x.nrrd"], capture_output=True, text=True, timeout=240)
    assert missing.returncode == 2 and "none.nrrd does not exist" in missing.stderr


def test_elements_are_in_the_schemas_order():
    module = CLIModule(stream=io.StringIO(make_xml()))
    assert (
        module.title
        and module.description
        and len(module) == 3
        and [group.advanced for group in module]
        == [
            False,
            False,
            True,
        ]
    )
    import xml.etree.ElementTree as ET

    for parameter in ET.fromstring(make_xml()).findall("parameters/*"):
        if parameter.tag not in ("label", "description"):
            places = [SCHEMA.index(child.tag) for child in parameter]
            assert places == sorted(places)
            assert re.fullmatch(r"[_a-zA-Z][_a-zA-Z0-9]*", parameter.findtext("longflag", "input"))


@pytest.mark.parametrize("preset", engine.PRESETS)
def test_defaults_leave_everything_to_the_preset(preset):
    call = defaults(CLIModule(stream=io.StringIO(make_xml())))
    call[call.index("--preset") + 1] = preset
    assert settings_of(parse_call([*call, "in.nrrd", "out.nrrd"])) == engine.Settings.from_preset(preset)


def test_values_arrive_in_both_forms():
    given = {"preset": "nsn2n", "threshold": "0.01", "lambda_rc": "0.3", "lambda_ic": "0", "steps": "70", "gap": "2"}
    given |= {"strength": "0.5", "rician": "off", "axis": "j", "device": "cpu", "seed": "3"}
    assert set(given) | {"minutes"} == set(BY_NAME)
    module = parse_call([*(word for name in given for word in (f"--{name}", given[name])), "i.nrrd", "o.nrrd"])
    flags = [word for name in given for word in (BY_NAME[name].flag, given[name])]
    command = make_parser().parse_args(["denoise", "i.nrrd", "o.nrrd", *flags])
    assert settings_of(module) == settings_of(command)
    assert settings_of(module).lambda_ic == 0 and settings_of(module).threshold == 0.01


def test_the_description_is_what_argparse_says():
    help_text = " ".join(make_parser()._subparsers._group_actions[0].choices["denoise"].format_help().split())
    described = {parameter.name: parameter for parameter in CLIModule(stream=io.StringIO(make_xml())).parameters()}
    for parameter in PARAMETERS:
        assert parameter.text in help_text
        assert described[parameter.name].description.lower().startswith(parameter.text.lower())
    assert described["minutes"].description.endswith("; 0: as the preset has it, else from 0.1")
    assert described["lambda_rc"].description.endswith("; -1: as the preset has it, else from 0")
    bounds = {name: (described[name].constraints.minimum, described[name].constraints.maximum) for name in BOUNDED}
    assert bounds == {"minutes": ("0", "1440"), "lambda_rc": ("-1", "10"), "gap": ("0", "16"), "seed": ("0", INT)}


def test_ctk_clis_own_parser_takes_it(tmp_path):
    file = tmp_path / "m.xml"
    file.write_text(make_xml())
    parsed = CLIArgumentParser(str(file)).parse_args(["--strength", "0.5", "in.nrrd", "out.nrrd"])
    assert isinstance(parsed, argparse.Namespace) and parsed.strength == 0.5 and parsed.preset == "default"


def test_a_threshold_that_is_none(capsys):
    with pytest.raises(SystemExit):
        parse_call(["--threshold", "high", "in.nrrd", "out.nrrd"])
    assert "neither 'auto' nor a number" in capsys.readouterr().err


def test_progress_never_tells_the_same_twice():
    lines = []
    progress = ModuleProgress(lines.append)
    for fraction in (0, 0.001, 0.5, 1.0, 1.0):
        progress(engine.Progress("learn", fraction))
    told = [line for line in lines if "progress" in line]
    assert told == [f"<filter-progress>{part}</filter-progress>" for part in ("0.000", "0.500", "1.000")]
