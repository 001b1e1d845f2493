"""Tests of the module in a real Slicer: by ctest, by "Reload and Test", or by NSN2NDenoiseTest().runTest().

Nothing is downloaded or installed: where torch is missing, its tests are skipped and say so.
"""

import importlib.util
import logging
import unittest

import numpy as np
import slicer

#: A training that is much too short to denoise well, but goes through every stage.
SHORT = {
    "learn": True,
    "steps": 30,
    "width": 8,
    "levels": 2,
    "batch": 4,
    "crop": 32,
    "context": 0,
    "precision": "float32",
}
HAS_TORCH = importlib.util.find_spec("torch") is not None


def makeVolume(name: str = "phantom"):
    """A volume of a ball in noise, int16, 12 slices of 48 x 48 pixels, oblique."""
    k, j, i = np.mgrid[:12, :48, :48]
    ball = ((k - 6) * 2.5) ** 2 + (j - 24) ** 2 + (i - 24) ** 2 < 20**2
    voxels = np.where(ball, 100, -600) + np.random.default_rng(0).normal(0, 40, ball.shape)
    node = slicer.util.addVolumeFromArray(voxels.round().astype(np.int16), name=name)
    node.SetSpacing(0.7, 0.7, 2.0)
    node.SetIJKToRASDirections(0.8, 0.6, 0, -0.6, 0.8, 0, 0, 0, 1)
    return node


class NSN2NDenoiseModuleTest(unittest.TestCase):
    """The module's promises, one test each."""

    def setUp(self):
        slicer.mrmlScene.Clear()
        self.logic = slicer.util.getModuleLogic("NSN2NDenoise")

    def tearDown(self):
        self.logic.cancel()

    def test_panelOpens(self):
        """The panel shows a loaded volume and is ready to apply."""
        volume = makeVolume()
        if slicer.util.mainWindow():
            slicer.util.selectModule("NSN2NDenoise")
        widget = slicer.util.getModuleWidget("NSN2NDenoise")
        widget.enter()
        widget.panel.ui.inputSelector.setCurrentNode(volume)
        self.assertEqual(self.logic.getParameterNode().inputVolume.GetID(), volume.GetID())
        self.assertTrue(widget.panel.ui.applyButton.enabled, widget.panel.ui.applyButton.toolTip)
        empty = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty")
        widget.panel.ui.inputSelector.setCurrentNode(empty)
        self.assertFalse(widget.panel.ui.applyButton.enabled)
        self.assertIn("no voxels", widget.panel.ui.applyButton.toolTip)

    def test_badArguments(self):
        """Arguments of the wrong kind are refused before anything starts."""
        volume = makeVolume()
        before = slicer.mrmlScene.GetNumberOfNodes()
        for arguments in (
            {"inputVolume": None},
            {"inputVolume": "phantom"},
            {"inputVolume": volume, "outputVolume": volume},
            {"inputVolume": volume, "threshold": 2.0},
            {"inputVolume": volume, "preset": "best"},
            {"inputVolume": volume, "seed": -1},
        ):
            with self.assertRaises(ValueError):
                self.logic.process(**arguments)
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodes(), before)

    def test_mask(self):
        """A lower threshold matches fewer voxels."""
        volume = makeVolume()
        suggested = self.logic.suggestThreshold(volume)
        self.assertTrue(0 < suggested < 1)
        fractions = [
            slicer.util.arrayFromVolume(self.logic.computeMask(volume, threshold)).mean()
            for threshold in (suggested / 4, suggested)
        ]
        self.assertTrue(0 < fractions[0] < fractions[1] < 1, fractions)

    @unittest.skipUnless(HAS_TORCH, "torch is not installed in this Slicer")
    def test_process(self):
        """A run makes a volume like its input, with less noise, the same for the same seed."""
        volume = makeVolume()
        outputs = [self.logic.process(volume, seed=1, settings=SHORT, noiseVolume=True) for run in range(2)]
        first, second = (slicer.util.arrayFromVolume(node) for node in outputs)
        self.assertEqual(first.dtype, np.int16)
        self.assertTrue(np.array_equal(first, second))
        self.assertFalse(np.array_equal(first, slicer.util.arrayFromVolume(volume)))
        self.assertEqual(outputs[0].GetSpacing(), volume.GetSpacing())

    @unittest.skipUnless(HAS_TORCH, "torch is not installed in this Slicer")
    def test_firstResultAndStrength(self):
        """A first result comes before the last one; strength goes to and fro without loss."""
        volume, firsts = makeVolume(), []
        settings = {**SHORT, "first": True}
        output = self.logic.process(volume, settings=settings, strength=0.5, firstCallback=firsts.append)
        self.assertEqual([node.GetID() for node in firsts], [output.GetID()])
        before = slicer.util.arrayFromVolume(volume)
        half = slicer.util.arrayFromVolume(output).copy()
        full = slicer.util.arrayFromVolume(self.logic.setStrength(output, 1))
        self.assertTrue(np.array_equal(half, np.rint(before + 0.5 * (full.astype(float) - before))))
        self.assertFalse(np.array_equal(half, full))


def runAll() -> None:
    """Run all tests and log what was skipped.

    Raises:
        AssertionError: a test failed, or none ran.
    """
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(NSN2NDenoiseModuleTest)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    for test, reason in result.skipped:
        logging.warning("SKIPPED %s: %s", test.id(), reason)
    problems = [f"{test.id()}\n{trace}" for test, trace in result.failures + result.errors]
    if problems:
        raise AssertionError("\n\n".join(problems))
    if result.testsRun == len(result.skipped):
        raise AssertionError("no test ran")


if __name__ == "__main__":
    unittest.main()
