"""Every kind of mistake that Slicer would print, show or choke on makes a test fail."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

# Each of these tests makes one mistake and would pass if the host let it through.
MISTAKES = '''
import sys
sys.path.insert(0, {root!r})
from Testing.Host.fixtures import *

def test_slot_exception(host):
    import qt
    button = qt.QPushButton()
    button.clicked.connect(lambda: 1 / 0)
    button.click()

def test_timer_exception(host):
    import qt
    qt.QTimer.singleShot(0, lambda: 1 / 0)
    host.wait(0.05)

def test_unknown_signal(host):
    import qt
    qt.QPushButton().connect("pushed()", print)

def test_observer_exception(host, scene):
    def observer(caller, event):
        raise ValueError("in an observer")
    scene.AddObserver(scene.NodeAddedEvent, observer)
    scene.AddNewNodeByClass("vtkMRMLModelNode")

def test_thread_exception(host):
    import threading
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()

def test_vtk_error(host, scene):
    scene.AddNode(None)

def test_unexpected_dialog(host):
    import slicer
    slicer.util.errorDisplay("Something went wrong")

def test_unexpected_static_dialog(host):
    import qt
    qt.QMessageBox.question(None, "Title", "Really?")

def test_unexpected_file_dialog(host):
    import qt
    qt.QFileDialog.getOpenFileName(None, "Open")

def test_expected_dialog_that_does_not_come(host):
    with host.expectDialog("never"):
        pass

def test_leaked_name(host):
    import slicer
    slicer.arrayFromVolume

def test_method_of_pyside(host):
    import qt
    qt.QPushButton("x").text()

def test_pip_install(host):
    import slicer, subprocess
    try:
        slicer.util.pip_install("no-such-package")
    except subprocess.CalledProcessError:
        pass

def test_qt_warning(host):
    import qt
    widget = qt.QWidget()
    qt.QVBoxLayout(widget)
    qt.QVBoxLayout(widget)

def test_paint_event_exception(host):
    import qt
    class Broken(qt.QWidget):
        def paintEvent(self, event):
            raise RuntimeError("in paintEvent")
    widget = Broken()
    widget.grab()

def test_module_that_fails_in_setup(host, tmp_path):
    path = tmp_path / "Broken.py"
    path.write_text("""
from slicer.ScriptedLoadableModule import *
class Broken(ScriptedLoadableModule):
    pass
class BrokenWidget(ScriptedLoadableModuleWidget):
    def setup(self):
        raise RuntimeError("no panel")
""")
    host.loadModule(str(path))
'''


def test_each_mistake_fails_its_test(tmp_path):
    file = tmp_path / "test_mistakes.py"
    file.write_text(MISTAKES.format(root=str(ROOT)), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "-q", "-c", "/dev/null", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=240)
    count = MISTAKES.count("def test_")
    caught = set(re.findall(r"^(?:FAILED|ERROR) .*::(test_\w+)", run.stdout, re.MULTILINE))
    wanted = {name.split("(")[0] for name in MISTAKES.split("def ")[1:] if name.startswith("test_")}
    assert caught == wanted, f"{wanted - caught} went through\n{run.stdout[-3000:]}"
    assert len(caught) == count


UI = """<?xml version="1.0"?>
<ui version="4.0"><class>Form</class>
<widget class="qMRMLWidget" name="Form"><layout class="QVBoxLayout" name="layout"><item>{item}</item></layout></widget>
<customwidgets>
<customwidget><class>qMRMLWidget</class><extends>QWidget</extends><header>qMRMLWidget.h</header></customwidget>
<customwidget><class>ctkSliderWidget</class><extends>QWidget</extends><header>ctkSliderWidget.h</header></customwidget>
<customwidget><class>ctkMystery</class><extends>QWidget</extends><header>ctkMystery.h</header></customwidget>
</customwidgets><connections>{connection}</connections></ui>"""

CONNECTION = (
    "<connection><sender>Form</sender><signal>{signal}</signal><receiver>{receiver}</receiver><slot>{slot}</slot>"
    "</connection>"
)


@pytest.mark.parametrize(
    ("item", "connection", "message"),
    [
        ('<widget class="ctkMystery" name="a"/>', "", "no widget class 'ctkMystery'"),
        ('<widget class="QNoSuchThing" name="a"/>', "", "no widget class 'QNoSuchThing'"),
        ('<widget class="qMRMLNodeComboBox" name="a"/>', "", "missing in <customwidgets>"),
        (
            '<widget class="ctkSliderWidget" name="a"><property name="range"><double>1</double></property></widget>',
            "",
            "ctkSliderWidget has no property 'range'",
        ),
        (
            '<widget class="QLabel" name="a"/>',
            CONNECTION.format(
                signal="mrmlSceneChanged(vtkMRMLScene*)", receiver="a", slot="setMRMLScene(vtkMRMLScene*)"
            ),
            "QLabel has no slot",
        ),
        (
            '<widget class="QLabel" name="a"/>',
            CONNECTION.format(signal="sceneChanged(vtkMRMLScene*)", receiver="a", slot="hide()"),
            "qMRMLWidget has no signal",
        ),
        (
            '<widget class="QLabel" name="a"/>',
            CONNECTION.format(signal="mrmlSceneChanged(vtkMRMLScene*)", receiver="b", slot="hide()"),
            "object 'b' that does not exist",
        ),
        ('<widget class="QLabel" name="Form"/>', "", "used more than once"),
    ],
)
def test_ui_files_are_checked(host, tmp_path, item, connection, message):
    path = tmp_path / "form.ui"
    path.write_text(UI.format(item=item, connection=connection), encoding="utf-8")
    with pytest.raises(RuntimeError, match=message):
        host.slicer.util.loadUI(str(path))


def test_leaked_names_are_gone(host):
    import slicer

    for name in ("arrayFromVolume", "loadVolume", "VTKObservationMixin", "getNode", "messageBox"):
        assert not hasattr(slicer, name)
        assert hasattr(slicer.util, name)


def test_dialogs_are_answered_as_expected(host):
    import slicer

    with host.expectDialog("Overwrite", answer="yes") as shown:
        assert slicer.util.confirmYesNoDisplay("Overwrite the result?") is True
    assert shown[0].text == "Overwrite the result?"
    with host.expectDialog("Overwrite", answer="no"):
        assert slicer.util.confirmYesNoDisplay("Overwrite the result?") is False
    with host.expectDialog("broke", answer="ok") as shown:
        slicer.util.errorDisplay("It broke", detailedText="line 5")
    assert shown[0].detailedText == "line 5"
    with (
        pytest.raises(RuntimeError),
        host.expectDialog("Failed to run"),
        slicer.util.tryWithErrorDisplay("Failed to run"),
    ):
        raise RuntimeError("reason")
    with host.testingMode():
        assert slicer.util.confirmOkCancelDisplay("Shown to nobody") is False  # so it is in Slicer, too


def test_a_dialog_without_the_expected_button_is_a_problem(host):
    import slicer

    with host.expectProblem("dialog", "no button 'Retry'"), host.expectDialog("Message", answer="retry"):
        slicer.util.infoDisplay("Message")


def test_packages_are_checked_and_never_installed(host):
    import slicer

    from Testing.Host import packages

    slicer.packaging.pip_ensure(["numpy>=1.20", "scipy"])
    assert not slicer.packaging.pip_check("numpy>=99")
    assert slicer.packaging.pip_check('nosuchpackage ; sys_platform == "beos"')
    with pytest.raises(RuntimeError, match="declined"), host.expectDialog("NSN2N.*Install", answer="cancel") as shown:
        slicer.packaging.pip_ensure("nosuchpackage>=1", requester="NSN2N")
    assert shown[0].detailedText == "nosuchpackage>=1"
    with host.testingMode():
        slicer.packaging.pip_ensure("nosuchpackage>=1")
    asked = []
    packages.installer = asked.extend
    try:
        with host.expectDialog("Install", answer="ok"):
            slicer.packaging.pip_ensure("nosuchpackage>=1")
    finally:
        packages.installer = None
    assert asked == ["nosuchpackage>=1"]
