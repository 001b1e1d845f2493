"""What a run did, in a sentence."""

import pytest
from NSN2NDenoiseLib import engine

REPORT = {
    "stages": ["first"],
    "noisePercent": 1.94,
    "predictedGain": 3.04,
    "predictedGainSD": 0.21,
    "justifiedStrength": 1.0,
    "strength": 1.0,
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "Predicted gain in tissue: +3.0 dB (+- 0.2)."),
        ({"strength": 0.5}, "Predicted gain in tissue: +3.0 dB (+- 0.2) at full strength."),
        (
            {"justifiedStrength": 0.2},
            "20 % strength was used on average: where more would have been removed than there is noise (1.9 % of the "
            "tissue), the rest was put back as anatomy. Predicted gain in tissue: +3.0 dB (+- 0.2).",
        ),
        (
            {"stages": [], "justifiedStrength": 0.0, "predictedGain": 0.3},
            "Left as it was: with noise as weak as this (1.9 % of the tissue), denoising may not make it better.",
        ),
        (
            {"stages": [], "predictedGain": None, "noisePercent": 0.08},
            "Left as it was: it has too little noise to be worth denoising (0.08 % of the tissue).",
        ),
        ({"predictedGain": None}, ""),
        (
            {"strength": 0.5, "noiseKept": 0.2, "predictedGain": 10.0, "predictedGainSD": 1.0},  # 1/4 + .1 + .1/4 of V
            "Predicted gain in tissue: +4.3 dB (+- 0.5) at 50 % strength, +10.0 dB (+- 1.0) at full strength.",
        ),
        (
            {"strength": 0.5, "noiseKept": 0.2, "justifiedStrength": 0.5, "predictedGain": 3.0},  # 1/4 + .3 + .5/4
            "25 % strength was used on average: 50 % was asked for, and where more would have been removed than there "
            "is noise (1.9 % of the tissue), the rest was put back as anatomy. Predicted gain in tissue: +1.7 dB (+- "
            "0.3) at 50 % strength, +3.0 dB (+- 0.2) at full strength.",
        ),
        (
            {"strength": 0.0, "noiseKept": 0.2, "justifiedStrength": 0.5},
            "Left as it was: a strength of 0 was asked for. Predicted gain in tissue: +3.0 dB (+- 0.2) at full "
            "strength.",
        ),
    ],
)
def test_effect_of_a_run(changed, expected):
    assert engine.describe_effect({**REPORT, **changed}) == expected


def test_a_report_that_does_not_say_is_not_guessed_at():
    assert engine.describe_effect({"stages": ["learn"]}) == ""
