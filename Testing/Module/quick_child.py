"""Stands in for the child process where Slicer's side is tested: does its job at once, without an engine.

    python quick_child.py CONTROL DIRECTORY

Denoising gives half of each voxel; the residual is 0. While the file CONTROL/hold exists, it waits before it answers.
"""

import os
import sys
import time

import numpy as np

CONTROL, DIRECTORY = sys.argv[1:]


def say(**message):
    import json

    print("NSN2N:" + json.dumps(message), flush=True)


def hold():
    while os.path.exists(os.path.join(CONTROL, "hold")):
        time.sleep(0.01)


def main():
    volume = np.load(os.path.join(DIRECTORY, "volume.npy"), mmap_mode="r")
    with open(os.path.join(CONTROL, "started"), "a", encoding="ascii") as file:
        file.write(os.path.basename(DIRECTORY) + "\n")
    if "denoise" in os.path.basename(DIRECTORY):
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
