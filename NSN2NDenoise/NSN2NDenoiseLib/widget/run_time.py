"""How long Apply will take, from what the child process has timed."""

from slicer.i18n import tr as _

from NSN2NDenoiseLib import engine

from .messages import durationText


def runTimeText(cost: dict | None, parameterNode, usesNetwork: bool, areFrames: bool) -> str:
    """A line for the panel; empty while nothing is known, or for another device than the one that was timed.

    Args:
        cost: message of the child process, see `protocol`.
        parameterNode: what is asked for.
        usesNetwork: a network of an earlier run is used, so none is trained.
        areFrames: all frames of a sequence are denoised.
    """
    if cost is None or parameterNode.device != "auto":
        return ""
    time = durationText(runSeconds(cost, parameterNode, usesNetwork))
    if areFrames:
        return _("The first frame takes about {time} on this computer, others mostly less.").format(time=time)
    if parameterNode.roi is not None or parameterNode.segmentation is not None:
        return _("Takes at most about {time} on this computer.").format(time=time)
    return _("Takes about {time} on this computer.").format(time=time)


def runSeconds(cost: dict, parameterNode, usesNetwork: bool) -> float:
    """The seconds of the stages that will run, as plan.py chooses them."""
    seconds, filters = cost["seconds"], engine.Settings.from_preset(parameterNode.preset).collaborative > 0
    first = parameterNode.first and filters
    isLimited = parameterNode.minutes > 0
    learn = parameterNode.learn == "on" or usesNetwork
    if parameterNode.learn == "auto":
        learn = learn or "learn" in cost["stages"] or not first or isLimited
    refine = parameterNode.refine and filters and (learn or not first)
    runs = {"first": first, "similar": first, "learn": learn, "refine": refine}
    if usesNetwork:
        seconds = {**seconds, "learn": cost["network"]}
    total = sum(part for name, part in seconds.items() if runs.get(name, True))
    return 60 * parameterNode.minutes if learn and isLimited and not usesNetwork else total
