"""Tooltips of the widgets that set a run's parameters, from the one description of these."""

from slicer.i18n import tr as _

from NSN2NDenoiseLib.engine.parameters import BY_NAME

#: Labels and widgets by the parameter that they set.
WIDGETS = {
    "preset": ("presetLabel", "presetComboBox"),
    "threshold": ("thresholdLabel", "thresholdSlider"),
    "minutes": ("minutesLabel", "minutesSpinBox"),
    "strength": ("strengthLabel", "strengthSlider"),
    "lambda_rc": ("lambdaRCLabel", "lambdaRCSpinBox"),
    "lambda_ic": ("lambdaICLabel", "lambdaICSpinBox"),
    "rician": ("ricianLabel", "ricianComboBox"),
    "axis": ("sliceAxisLabel", "sliceAxisComboBox"),
    "device": ("deviceLabel", "deviceComboBox"),
    "seed": ("seedLabel", "seedSpinBox"),
}


def setToolTips(ui) -> None:
    """Give these widgets of the panel their tooltips."""
    for parameter, names in WIDGETS.items():
        for name in names:
            getattr(ui, name).toolTip = _(BY_NAME[parameter].tool_tip)
