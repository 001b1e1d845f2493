"""The program that stands for the interpreter does what that does."""

import os
import signal
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


def test_open_files_go_with_it(python):
    code = "import os, sys; n, m = map(int, sys.argv[1:]); os.write(m, os.read(n, 5)[::-1]); os.close(m); input()"
    for program in (python, sys.executable):
        (there, to_it), (back, from_it) = os.pipe(), os.pipe()
        numbers = list(map(str, (there, from_it)))
        with subprocess.Popen(
            [program, "-c", code, *numbers], stdin=subprocess.PIPE, pass_fds=[there, from_it]
        ) as process:
            os.close(there), os.close(from_it)
            os.write(to_it, b"hello")
            assert os.read(back, 5) == b"olleh"
            assert os.read(back, 1) == b""  # it has closed its end, and nobody else holds it
            process.communicate(b"\n")
        os.close(to_it), os.close(back)


def test_files_and_modules_run_as_programs(python, tmp_path):
    file = tmp_path / "program.py"
    file.write_text("import sys\nif __name__ == '__main__': print(sys.argv[1:])")
    assert ran(python, str(file), "x") == (0, "['x']\n", "")
    status, told, _ = ran(python, "-m", "NSN2NDenoiseLib.cli", "--version")
    assert status == 0 and told.startswith("nsn2n ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("handled", [False, True])
def test_signals_are_handled_or_end_it(python, number, handled):
    code = "import signal, time; signal.signal(2, signal.default_int_handler)\n"  # of a job in the background it is not
    code += f"signal.signal({number}, lambda *_: exit(5))\n" if handled else ""
    ends = []
    for program in (python, sys.executable):
        command = [program, "-c", code + "print(flush=True)\ntime.sleep(600)"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            process.stdout.readline()
            process.send_signal(number)
            ends.append((process.communicate()[1].splitlines()[-1:], process.returncode))
    assert ends[0] == ends[1]


def test_killed_it_takes_its_work_with_it(python):
    with subprocess.Popen(
        [python, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        worker = psutil.Process(int(process.stdout.readline()))
        process.kill()
        assert psutil.wait_procs([worker], timeout=240)[1] == []
