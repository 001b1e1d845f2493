"""Does the guard see that anatomy went? Results of a filter that is told too much noise, with a known truth.

    python Testing/Benchmark/check_guard.py --data DIR --cases FILE.json [--out Guard.png]

Every development anatomy x added noise x color x the SD that the filter is told (1, 2, 4 times as measured). A result
counts as harm if its mean square error in tissue exceeds the input's. Weights are fitted by logistic regression; the
figures are for anatomies that the weights were not fitted on (one left out at a time). Then real results, no truth.
"""

import argparse
import json
import sys
from dataclasses import astuple
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine.filter.collaborative import threshold_filter
from NSN2NDenoiseLib.engine.filter.similar import filter_similar
from NSN2NDenoiseLib.engine.judge.likeness import CERTAIN, LEAST, likeness
from NSN2NDenoiseLib.engine.match.matching import Matching
from NSN2NDenoiseLib.engine.noise.model import NoiseModel
from NSN2NDenoiseLib.engine.volume.axes import slices_first

from Benchmark.check_harm import HARM, clean_anatomy, spacing_of
from Benchmark.noise_cases import ANATOMIES, add_noise, read_any, tissue_mean

LEVELS, TOLD = (1.0, 3.0, 7.0, 15.0), (1.0, 2.0, 4.0)
#: Real volumes with real noise, slices, rows and columns of a crop; the filter is told the SD as measured, and 6 times.
REAL = {
    "fcmri_single.nii.gz": None,
    "ct_lidc0314_1mm_noisy.nii.gz": ((16, 48), (120, 340), (120, 340)),
    "mr_studyforrest_t1_0p7mm.nii.gz": ((60, 100), (80, 240), (20, 130)),
    "lowfield_0055T_fse_cor.nii.gz": None,
    "epi_phantom_grappa_p4.nii.gz": None,
}


def main():
    """Run the cases that the file does not have, then fit and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    cases = json.loads(options.cases.read_text(encoding="utf-8")) if options.cases.exists() else []
    done = {case["anatomy"] for case in cases}
    for anatomy in ANATOMIES:
        if anatomy.name not in done and (options.data / anatomy.file).exists():
            cases += of_anatomy(anatomy, options.data)
            options.cases.write_text(json.dumps(cases, indent=1), encoding="utf-8")
    judge(cases, options.out)
    for name, crop in REAL.items():
        if (options.data / name).exists():
            of_real(options.data / name, crop)


def of_anatomy(anatomy, folder):
    """The cases of one anatomy: what the guard measures, and the true gain in tissue (dB)."""
    (clean, _), cases = clean_anatomy(anatomy, folder), []
    mean = tissue_mean(clean, anatomy.air)
    tissue = clean > anatomy.air + 0.5 * mean
    for level in LEVELS:
        for kind in ("rician", "smooth") if anatomy.magnitude else ("white", "ct"):
            noisy, _ = add_noise(clean, level / 100 * mean, kind)
            for told, look, slices, denoised in results(noisy, spacing_of(folder / anatomy.file), TOLD):
                truth = (slices_first(clean, look.axis) - look.low) / look.scale
                inside = slices_first(tissue, look.axis)
                errors = [np.mean((v - truth)[inside] ** 2) for v in (slices.values, denoised)]
                found = likeness(slices, denoised, look)
                gain = 10 * float(np.log10(errors[0] / errors[1]))
                case = {"anatomy": anatomy.name, "level": level, "kind": kind, "told": told, "gain": gain}
                cases.append(case | {"figures": astuple(found)})
            print(cases[-1], flush=True)
    return cases


def results(noisy, spacing, told):
    """(factor, look, slices, denoised) of the filter that is told `factor` times the measured SD."""
    look, slices = engine.take_look(noisy, spacing=spacing)
    if look.noise.none:
        return
    matching = Matching(slices, look.noise.sd, 1, np.ones(len(slices) - 1, bool))
    low_passed = matching.low_passed_stack()
    for factor in told:
        how = NoiseModel(look.noise, None, factor), slices.excluded
        first = threshold_filter(slices.values, low_passed, *how)
        yield factor, look, slices, filter_similar(slices.values, first, *how)


def judge(cases, out):
    """Weights, the area under the curve, and how often the guard is right, on anatomies that were left out."""
    logs = np.log(np.abs([case["figures"] for case in cases]) + LEAST)
    columns = np.column_stack([logs, np.ones(len(cases))])
    harm = np.array([case["gain"] < HARM for case in cases])
    names = np.array([case["anatomy"] for case in cases])
    odds = np.empty(len(cases))
    for name in set(names):
        odds[names == name] = columns[names == name] @ fit(columns[names != name], harm[names != name])
    probability = 1 / (1 + np.exp(-odds))
    as_it_should = np.array([case["told"] == 1 for case in cases]) & ~harm
    print("weights", np.round(fit(columns, harm), 2), "cases", len(cases), "harm", harm.sum())
    print(f"AUC {(odds[harm][:, None] > odds[~harm]).mean():.3f}")
    print(f"warned of {np.mean(probability[harm] > CERTAIN):.2f} of the harm, wrongly of")
    print(f"{np.mean(probability[as_it_should] > CERTAIN):.3f} of the results with the measured SD that gained")
    if out:
        draw(probability, harm, out)


def fit(columns, harm):
    """Weights of a logistic regression with a little ridge, by Newton's method."""
    weights = np.zeros(columns.shape[1])
    for _ in range(50):
        expected = 1 / (1 + np.exp(-columns @ weights))
        gradient = columns.T @ (expected - harm) + 0.01 * weights
        curvature = (columns * (expected * (1 - expected))[:, None]).T @ columns + 0.01 * np.eye(len(weights))
        weights -= np.linalg.solve(curvature, gradient)
    return weights


def draw(probability, harm, out):
    """The ROC curve."""
    bounds = np.sort(np.append(probability, (-1, 2)))[::-1]
    right, wrong = ([np.mean(probability[which] > bound) for bound in bounds] for which in (harm, ~harm))
    figure, axis = plt.subplots(figsize=(4, 4))
    axis.plot(wrong, right)
    axis.plot([0, 1], [0, 1], color="gray", lw=0.6)
    axis.plot(
        np.mean(probability[~harm] > CERTAIN), np.mean(probability[harm] > CERTAIN), "o", label="warned from here on"
    )
    axis.set_xlabel("wrongly warned of, part of the results that gained")
    axis.set_ylabel("warned of, part of the results that lost")
    axis.legend(frameon=False, loc="lower right")
    figure.savefig(out, dpi=90, bbox_inches="tight")


def of_real(path, crop):
    """What the guard says of a real volume's results; with six times the measured SD anatomy goes."""
    volume = read_any(path)
    if crop is not None:
        volume = np.ascontiguousarray(volume[tuple(slice(*ends) for ends in crop)])
    for told, look, slices, denoised in results(volume, spacing_of(path), (1.0, 6.0)):
        found = likeness(slices, denoised, look)
        print(f"{path.name}, told {told:g} times the SD: probability {found.probability:.2f}", flush=True)


if __name__ == "__main__":
    main()
