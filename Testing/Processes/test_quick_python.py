"""The program that stands for the interpreter does what that does."""

import subprocess
import sys

import psutil
import pytest


def ran(program: str, *arguments: str, **how) -> tuple[int, str, str]:
    done = subprocess.run([program, *arguments], capture_output=True, encoding="utf-8", timeout=240, **how)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "print(sys.argv, os.getcwd(), os.environ['GREETING'], input())",
        "print('half', end=''); sys.exit(7)",
        "sys.exit('a reason')",
        "print('ü', file=sys.stderr)",
        "os.kill(os.getpid(), 11)",
        "os._exit(3)",
    ],
)
def test_streams_folder_environment_and_end_are_the_interpreters(python, tmp_path, code):
    how = {"cwd": tmp_path, "env": {"GREETING": "hello", "PYTHONIOENCODING": "utf-8"}, "input": "a line\n"}
    arguments = ("-c", f"import os, sys\n{code}", "one", "two words")
    assert ran(python, *arguments, **how) == ran(sys.executable, *arguments, **how)


def test_an_error_is_told_and_fails(python):
    status, _, told = ran(python, "-c", "1 / 0")
    assert status == 1 and told.endswith("ZeroDivisionError: division by zero\n")


def test_files_and_modules_run_as_programs(python, tmp_path):
    file = tmp_path / "program.py"
    file.write_text("import sys\nif __name__ == '__main__': print(sys.argv[1:])")
    assert ran(python, str(file), "x") == (0, "['x']\n", "")
    status, told, _ = ran(python, "-m", "NSN2NDenoiseLib.cli", "--version")
    assert status == 0 and told.startswith("nsn2n ")


def test_killed_it_takes_its_work_with_it(python):
    with subprocess.Popen(
        [python, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        worker = psutil.Process(int(process.stdout.readline()))
        process.kill()
        assert psutil.wait_procs([worker], timeout=240)[1] == []
