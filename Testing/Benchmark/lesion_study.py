#!/usr/bin/env python3
"""What a lesion loses: spheres inserted into a volume, denoised with and without them by each method.

    python Testing/Benchmark/lesion_study.py chest --data DIR [--rounds 3] [--only default --only bm4d]

Every round draws anew which site gets which contrast, diameter and sign, so that each cell of the tables sees many
places. The figures land in Results/lesions/STUDY.json, one method after the other; what is there is made again only
with --refresh. Then: python Testing/Benchmark/lesion_page.py
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from NSN2NDenoiseLib.engine.judge.lesions import draw_lesions, insert
from NSN2NDenoiseLib.engine.judge.sites import find_sites

from Benchmark import Peers, records
from Benchmark.case import CannotRun, Case
from Benchmark.configuration import CHEST, COLIN, STREAKY
from Benchmark.data import data_folders, load
from Benchmark.lesion_figures import figures
from Benchmark.metrics_roi import block_noise
from Benchmark.metrics_ttf import draw_discs
from Benchmark.regions import homogeneous_blocks
from Benchmark.simulate_mr import add_rician_noise

RESULTS = Path(__file__).resolve().parent / "Results" / "lesions"


@dataclass(frozen=True)
class Study:
    """A volume and what is inserted: contrasts in image units, or as parts of the tissue where `relative`.

    rician: level of the Rician noise that is added to a clean volume after the lesions; 0: the volume has its own.
    """

    title: str
    base: str
    crop: tuple
    contrasts: tuple
    diameters: tuple
    relative: bool = False
    rician: float = 0.0


STUDIES = {
    "chest": Study(
        "Chest CT, 1 mm, sharp kernel, its own noise",
        CHEST,
        ((4, 44), (130, 386), (130, 386)),
        (5.0, 10.0, 20.0, 40.0),
        (2.0, 4.0, 8.0, 12.0),
    ),
    "streaky": Study(
        "Photon-starved CT, 3.3 mm, its own noise",
        STREAKY,
        (None, None, None),
        (5.0, 10.0, 20.0, 40.0),
        (4.0, 8.0, 12.0),
    ),
    "mr": Study(
        "MR (Colin27 T1), Rician noise 5 %",
        COLIN,
        ((52, 100), (20, 200), (10, 170)),
        (0.02, 0.05, 0.1),
        (2.0, 4.0, 8.0),
        True,
        0.05,
    ),
}

#: Label of a row -> method of Peers, factor of the noise SD that it is told, parameters.
METHODS = {
    "noisy": ("noisy", 1.0, {}),
    "default": ("nsn2n", 1.0, {}),
    "fast": ("nsn2n", 1.0, {"preset": "fast"}),
    "nsn2n": ("nsn2n", 1.0, {"preset": "nsn2n"}),
    "bm4d": ("bm4d", 1.0, {"noise": "SD"}),
    "bm4d x 1.6": ("bm4d", 1.6, {"noise": "SD"}),
    "dipy-nlm": ("dipy-nlm", 1.0, {"method": "blockwise", "factor": 1.0}),
    "median": ("median", 1.0, {"radius": [1, 1, 1]}),
}


def main(arguments=None):
    options = parse(arguments)
    study = STUDIES[options.study]
    if options.crop:
        study = replace(study, crop=tuple(tuple(map(int, part.split(":"))) for part in options.crop.split(",")))
    for name in ("contrasts", "diameters"):
        if getattr(options, name):
            study = replace(study, **{name: tuple(map(float, getattr(options, name).split(",")))})
    path = options.results / f"{options.study}.json"
    page = json.loads(path.read_text()) if path.exists() else {}
    page.update(title=study.title, crop=study.crop, rounds=options.rounds, machine=records.machine())
    clean, spacing = load(study.base, study.crop, data_folders(options.data))
    sites = find_sites(clean, spacing, max(study.diameters))
    scale = sites.tissue if study.relative else 1.0
    contrasts = tuple(scale * c for c in study.contrasts)
    lesions = [draw_lesions(sites, contrasts, study.diameters, seed) for seed in range(options.rounds)]
    page.update(sites=len(sites), tissue=sites.tissue, contrasts=contrasts, relative=study.relative)
    page.update(parts=study.contrasts, diameters=study.diameters, spacing=spacing, shape=clean.shape)
    print(f"{study.title}: {len(sites)} sites, {options.rounds} rounds", flush=True)
    discs = draw_discs(clean, spacing, contrasts[-3:])
    volumes = (clean, discs.insert(clean), *(insert(clean, found) for found in lesions))
    cases = [noisy_case(study, volume, spacing) for volume in volumes]
    page["noise"] = cases[0].sigma
    rows = page.setdefault("methods", {})
    for label in options.only or METHODS:
        if label in rows and not options.refresh:
            continue
        rows[label] = run_method(label, cases, lesions, discs, clean, spacing)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(page, indent=1) + "\n")
    return 0


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--data", type=Path, help="folder with the volumes")
    parser.add_argument("--rounds", type=int, default=3, help="draws of the lesions (3)")
    parser.add_argument("--only", action="append", choices=METHODS, help="method; repeatable")
    parser.add_argument("--refresh", action="store_true", help="make what is there again")
    parser.add_argument("--crop", help="FIRST:LAST,FIRST:LAST,FIRST:LAST instead of the study's, for a quick look")
    parser.add_argument("--contrasts", help="C,C,... instead of the study's")
    parser.add_argument("--diameters", help="mm,mm,... instead of the study's")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the figures")
    return parser.parse_args(arguments)


def noisy_case(study, volume, spacing):
    """The Case of one volume with or without lesions; the noise is the same in all of them."""
    if study.rician:
        noisy, sigma = add_rician_noise(volume, study.rician, 0)
        return Case(noisy, spacing, sigma, True)
    return Case(volume, spacing, block_noise(volume, homogeneous_blocks(volume, spacing=spacing)))


def run_method(label, cases, lesions, discs, clean, spacing):
    """Figures of one method: cases[0] is without lesions, cases[1] with discs for the TTF, the others with lesions."""
    method, factor, parameters = METHODS[label]
    module, begin = Peers.load(method), time.perf_counter()
    try:
        without, edges, *results = (
            np.asarray(module.denoise(replace(case, sigma=factor * case.sigma), 0, lambda part: None, **parameters))
            for case in cases
        )
    except CannotRun as reason:
        print(f"{label}: {reason}", flush=True)
        return {"status": "cannot run", "reason": str(reason)}
    seconds = (time.perf_counter() - begin) / len(cases)
    print(f"{label}: {seconds:.0f} s a volume", flush=True)
    pairs = [(result, without) for result in results]
    found = figures(cases[0].noisy, clean, without, pairs, lesions, spacing)
    found["transfer"] = discs.transfer(edges, without)
    return {"status": "ok", "seconds": seconds, "parameters": parameters, "commit": records.commit(), **found}


if __name__ == "__main__":
    sys.exit(main())
