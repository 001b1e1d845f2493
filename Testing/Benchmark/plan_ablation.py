"""The ablation plan: Table 3 of the paper, in the preset `nsn2n` (its losses on a small network), and its threshold.

W, L_RC and L_IC are switched one by one on a development volume; the full method and the one without L_RC and L_IC also
run at several thresholds. Within a third of an hour of one core.
"""

from dataclasses import replace

from Benchmark.configuration import COLIN, Experiment, MethodRun, nsn2n

#: Rows of Table 3: W, L_RC, L_IC.
TABLE_3 = {
    "no W, no RC, no IC": (False, False, False),
    "W": (True, False, False),
    "W, RC": (True, True, False),
    "W, IC": (True, False, True),
    "W, RC, IC": (True, True, True),
}
#: First paragraph of the page.
DIFFERS = """\
The components of Table 3, switched one by one in the preset `nsn2n`. What differs from the paper's table: its volume is
one of IXI with 220 slices, resampled to 256 x 256, here a crop of Colin27, the mean of 27 scans; its network is trained
for 100 epochs and not described further, here it has 0.5 million parameters, predicts the noise from a magnified view,
and sees 300 steps of crops; its threshold was set by eye (0.01 at 5 %), here the automatic one is three noise SDs, and
others are tried below; its noisy volume has 27.88 dB, which plain Rician noise of 5 % does not give, so that only
differences between rows can be compared. There W is worth 1.3 dB, then L_RC 0.8 dB, L_IC 1.0 dB, both 2.1 dB."""
#: Normalized thresholds beside the automatic one.
THRESHOLDS = (0.01, 0.02, 0.05, 0.2)


def component(label, weighted, rc, ic, **overrides):
    """One row; a threshold of 1 matches every pixel, so that there is no W."""
    if not weighted:
        overrides["threshold"] = 1.0
    return nsn2n(label, preset="nsn2n", lambda_rc=0.5 * rc, lambda_ic=1.0 * ic, **overrides)


def ablation():
    """Table 3 with two trainings a row, then thresholds with one."""
    table = Experiment(
        "ablation-mr",
        "Table 3: T1 (Colin27), Rician noise 5 %",
        "mr",
        COLIN,
        ((64, 92), (40, 168), (26, 154)),
        options={"level": 0.05},
        methods=(MethodRun("noisy"), *(component(label, *parts) for label, parts in TABLE_3.items())),
        seeds=(0, 1),
    )
    at = tuple(
        component(f"{label}, th {th:g}", *TABLE_3[label], threshold=th)
        for label in ("W", "W, RC, IC")
        for th in THRESHOLDS
    )
    return (
        table,
        replace(table, name="ablation-threshold", title="The same at other thresholds", methods=at, seeds=(0,)),
    )
