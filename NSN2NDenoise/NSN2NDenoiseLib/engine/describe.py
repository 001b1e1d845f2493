"""The stages of a run in the field's words, for command line, panel, report and the result's description."""

from collections.abc import Iterable

#: What a stage is; stages that are not named here only measure.
WORDS = {
    "first": "filter of similar blocks",
    "learn": "NS-N2N network",
    "refine": "filter of similar blocks guided by it",
    "limit": "bound of 3 noise SDs",
    "spare": "more than noise put back",
    "unbias": "inverse of the Rician mean",
    "strength": "input mixed back in",
}
#: Where a stage comes from.
SOURCES = {
    "first": "Dabov et al. 2007, Maggioni et al. 2013, Manjon et al. 2015",
    "learn": "Zhou et al. 2024",
    "refine": "Dabov et al. 2007, Maggioni et al. 2013, Manjon et al. 2015",
    "unbias": "Koay and Basser 2006",
}


def describe_stages(stages: Iterable[str]) -> str:
    """The stages of a result in one line: "NS-N2N network, then collaborative filter guided by it, ..."."""
    return ", then ".join(WORDS[name] for name in stages if name in WORDS)


def describe_sources(stages: Iterable[str]) -> str:
    """The literature behind the stages of a result, each once, in the order of the stages."""
    return "; ".join(dict.fromkeys(SOURCES[name] for name in stages if name in SOURCES))
