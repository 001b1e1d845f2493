"""The recipe for SLURM in Docs/Batch.md, run as it is written, with an ``sbatch`` that starts the job here."""

import os
import re
import signal
import stat
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import SimpleITK as sitk

from Testing.CommandLine.conftest import ROOT, environment

PAGE = ROOT / "Docs" / "Batch.md"
#: What SLURM's documentation allows: https://slurm.schedmd.com/sbatch.html
TIME = r"(\d+-)?\d+(:\d\d){0,2}"
DIRECTIVES = {
    "-J": r"\S+",
    "-n": r"\d+",
    "--cpus-per-task": r"\d+",
    "--mem": r"\d+[KMGT]",
    "-t": TIME,
}


def recipe() -> str:
    """The Python block of the section "SLURM"."""
    section = PAGE.read_text(encoding="utf-8").split("### SLURM", 1)[1]
    return re.search(r"```python\n(.*?)```", section, re.DOTALL).group(1)


def executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A folder on PATH with ``sbatch``, ``scancel`` and ``nsn2n``; returns where the submitted script is kept."""
    programs = tmp_path / "bin"
    programs.mkdir()
    kept, pid = tmp_path / "job.sh", tmp_path / "pid"
    executable(
        programs / "sbatch",
        f'#!/bin/sh\ncp "$1" {kept}\nsetsid bash {kept} >{tmp_path}/job.log 2>&1 &\necho $! >{pid}\n'
        'echo "Submitted batch job 17"\n',
    )
    executable(programs / "scancel", "#!/bin/sh\n")
    executable(programs / "nsn2n", f'#!/bin/sh\nexec {sys.executable} -m NSN2NDenoiseLib.cli "$@" --preset fast\n')
    for name, value in {**environment(), "PATH": f"{programs}:{os.environ['PATH']}"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    yield kept
    with suppress(OSError, ValueError, psutil.NoSuchProcess):
        job = psutil.Process(int(pid.read_text()))
        for process in (*job.children(recursive=True), job):
            process.send_signal(signal.SIGKILL)


def test_recipe(slurm, small, tmp_path):
    (tmp_path / "in").mkdir()
    for index in range(2):
        sitk.WriteImage(sitk.ReadImage(str(small))[index : index + 40, :40, :6], str(tmp_path / f"in/v{index}.nrrd"))
    assert "cluster.scale(jobs=3)" in recipe()
    exec(recipe().replace("jobs=3", "jobs=1"), {"__name__": "__main__"})
    assert sorted(path.name for path in (tmp_path / "out").glob("*.nrrd")) == ["v0_denoised.nrrd", "v1_denoised.nrrd"]
    check_script(slurm.read_text())


def check_script(script: str) -> None:
    """What ``sbatch`` asks for: an interpreter, then directives that it knows, all before the first command."""
    lines = [line for line in script.splitlines() if line.strip()]
    assert lines[0].startswith("#!/")
    commands = [index for index, line in enumerate(lines) if not line.startswith("#")]
    directives = [index for index, line in enumerate(lines) if line.startswith("#SBATCH ")]
    assert max(directives) < min(commands)
    found = dict(re.fullmatch(r"#SBATCH (-\w|--[\w-]+)[ =](.+)", lines[index]).groups() for index in directives)
    assert set(found) == set(DIRECTIVES)
    for name, pattern in DIRECTIVES.items():
        assert re.fullmatch(pattern, found[name]), (name, found[name])
    assert (found["-n"], found["--cpus-per-task"], found["--mem"], found["-t"]) == ("1", "2", "8G", "04:00:00")
    assert re.search(r"dask_worker tcp://\S+ .*--nthreads 1 ", lines[-1])
    shown = [line for line in lines if line.startswith(("#", "export"))]
    assert "\n".join(shown[1:]) in PAGE.read_text(encoding="utf-8")
