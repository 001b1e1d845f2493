"""About how long Apply will take, before it is clicked: with the real child process, and what the panel makes of it."""

from types import SimpleNamespace

COST = {
    "stages": ["match", "first", "similar", "learn", "refine", "spare", "judge"],
    "seconds": {"look": 1.0, "match": 2.0, "first": 10.0, "similar": 20.0, "learn": 50.0, "refine": 15.0, "spare": 2.0},
    "network": 10.0,
}
NODE = {
    "preset": "default", "first": True, "learn": "auto", "refine": True, "minutes": 0.0, "device": "auto", "roi": None,
    "segmentation": None,
}  # fmt: skip


def test_seconds_of_what_is_asked_for(host, module):
    from NSN2NDenoiseLib.widget.run_time import runSeconds

    for changes, network, seconds in (
        ({}, False, 100),
        ({}, True, 60),
        ({"learn": "off"}, False, 35),
        ({"learn": "off", "first": False}, False, 20),
        ({"refine": False}, False, 85),
        ({"minutes": 3.0}, False, 180),
        ({"minutes": 3.0}, True, 60),
        ({"minutes": 3.0, "learn": "off"}, False, 35),
        ({"preset": "nsn2n", "first": False, "refine": False}, False, 55),
    ):
        assert runSeconds(COST, SimpleNamespace(**{**NODE, **changes}), network) == seconds
    white = {**COST, "stages": ["match", "first", "similar", "spare", "judge"]}
    for changes, seconds in (({}, 35), ({"learn": "on"}, 100), ({"first": False}, 70), ({"minutes": 2.0}, 120)):
        assert runSeconds(white, SimpleNamespace(**{**NODE, **changes}), False) == seconds


def test_the_panel_says_it_and_follows(host, ui, logic, module):
    host.waitUntil(lambda: ui.timeLabel.text, 300, "nobody said how long it takes")
    assert ui.timeLabel.visible and ui.timeLabel.text.startswith("Takes about ")
    cost = module.panel.matching.cost
    assert set(cost["stages"]) <= set(cost["seconds"]) and all(part >= 0 for part in cost["seconds"].values())
    cost.update(COST)
    node = logic.getParameterNode()
    node.minutes = 4.0
    assert ui.timeLabel.text == "Takes about 4 min 0 s on this computer."
    node.minutes, node.learn = 0.0, "off"
    assert ui.timeLabel.text == "Takes about 35 s on this computer."
    node.device = "cpu"
    assert not ui.timeLabel.visible
