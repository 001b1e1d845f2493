"""Stands in for the child process where Slicer's side is tested: does its job at once, without an engine.

    python quick_child.py CONTROL DIRECTORY

Denoising gives half of each voxel, and so does its preview; the residual is 0. While the file CONTROL/hold exists, it
waits before it answers, and shows nothing; with frames, after the first one, and the command "keep" ends it there.
While CONTROL/first exists, it has a first result, a quarter of each voxel, and while CONTROL/crash does, it is killed
right after that. While CONTROL/stages exists, it goes through the stages that are named there, has a first result after
stage "first", and is killed in the last of them; "half" of the result may be written then, or "done" be said.
"""

import json
import os
import signal
import sys
import time

import numpy as np

CONTROL, DIRECTORY = sys.argv[1:]


def say(**message):
    print("NSN2N:" + json.dumps(message), flush=True)


def isAsked(name):
    return os.path.exists(os.path.join(CONTROL, name))


def hold():
    while isAsked("hold"):
        time.sleep(0.01)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def sayFirst(volume):
    np.save(os.path.join(DIRECTORY, "first.npy"), volume // 4)
    say(type="first", report={"seed": 0, "stages": ["first"]})


def goThrough(stages, volume):
    for stage in stages:
        if stage == "half":
            with open(os.path.join(DIRECTORY, "denoised.npy"), "wb") as file:
                file.write(volume.tobytes()[: volume.nbytes // 2])
        elif stage == "done":
            np.save(os.path.join(DIRECTORY, "denoised.npy"), volume // 2)
            say(type="done", report={"seed": 0})
        else:
            say(type="progress", stage=stage, fraction=0.5, loss=None, secondsLeft=None)
        if stage == "first":
            sayFirst(volume)
    die()


def frames():
    with open(os.path.join(DIRECTORY, "job.json"), encoding="utf-8") as file:
        count = json.load(file)["frames"]
    for number in range(count):
        volume = np.load(os.path.join(DIRECTORY, f"frame-{number}.npy"), mmap_mode="r")
        np.save(os.path.join(DIRECTORY, f"denoised-{number}.npy"), volume // 2)
        say(type="frame", number=number, report={"seed": 0})
        if isAsked("hold"):
            command = sys.stdin.readline().strip()
            if command == "keep":
                break
            sys.exit(130)
    say(type="done", report={"seed": 0})


def show():
    volume = np.load(os.path.join(DIRECTORY, "volume.npy"), mmap_mode="r")
    for line in sys.stdin:
        command, *rest = line.split()
        if command in ("show", "ahead") and not isAsked("hold"):
            number, ends = int(rest[0]), [int(end) for end in rest[2:]]
            half = volume[tuple(map(slice, ends[::2], ends[1::2]))] // 2
            for name, type in (("sketch", "sketched"), ("preview", "shown"))[command == "ahead" :]:
                np.save(os.path.join(DIRECTORY, f"{name}{number}.npy"), half)
                say(type=type, number=number, box=ends)
        elif command == "cancel":
            sys.exit(130)


def main():
    with open(os.path.join(CONTROL, "started"), "a", encoding="ascii") as file:
        file.write(os.path.basename(DIRECTORY) + "\n")
    if "frames" in os.path.basename(DIRECTORY):
        frames()
        return
    if "show" in os.path.basename(DIRECTORY):
        show()
        return
    if "quality" in os.path.basename(DIRECTORY):
        with open(os.path.join(DIRECTORY, "page.html"), "w", encoding="utf-8") as file:
            file.write("a page")
        say(type="done", report={})
        return
    volume = np.load(os.path.join(DIRECTORY, "volume.npy"), mmap_mode="r")
    if "denoise" in os.path.basename(DIRECTORY):
        if isAsked("stages"):
            with open(os.path.join(CONTROL, "stages"), encoding="ascii") as file:
                goThrough(file.read().split(), volume)
        if isAsked("first"):
            sayFirst(volume)
        if isAsked("crash"):
            die()
        say(type="progress", stage="learn", fraction=0.5, loss=None, secondsLeft=None)
        hold()
        np.save(os.path.join(DIRECTORY, "denoised.npy"), volume // 2)
    else:
        hold()
        np.zeros(volume.shape, np.float32).tofile(os.path.join(DIRECTORY, "residual.float32"))
        say(type="matching", axis="k", gap=1, slices=len(volume), scale=100.0, warnings=[])
        say(type="suggested", threshold=0.02)
        for line in sys.stdin:
            if line.startswith("residual"):
                say(type="slices", indices=list(range(len(volume))))
                break
            if line.startswith("cancel"):
                sys.exit(130)
    say(type="done", report={"seed": 0})


main()
