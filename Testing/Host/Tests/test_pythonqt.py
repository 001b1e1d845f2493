"""Qt as PythonQt offers it: what works in Slicer works here, what fails in Slicer fails here."""

import gc
import sys
import weakref

import pytest


@pytest.fixture
def qt(host):
    import qt

    return qt


@pytest.fixture
def ctk(host):
    import ctk

    return ctk


def test_properties_are_values(qt):
    button = qt.QPushButton("Go")
    assert (button.text, button.enabled, button.checkable) == ("Go", True, False)
    button.text = "Stop"
    button.checkable = True
    assert button.text == "Stop" and button.isCheckable()
    with pytest.raises(TypeError):
        button.text()
    with pytest.raises(AttributeError, match="does not accept"):
        button.enabled = None
    with pytest.raises(AttributeError, match="not writable"):
        button.width = 5
    combo = qt.QComboBox()
    combo.addItems(["a", "b"])
    combo.currentText = "b"
    assert (combo.currentIndex, combo.count, combo.currentText) == (1, 2, "b")
    assert combo.layout() is None


def test_properties_with_virtual_getters_are_values(qt, ctk):
    bar = qt.QProgressBar()
    bar.format, bar.value = "%p% done", 40
    assert bar.text == "40% done"
    assert qt.QPushButton("Go").sizeHint.width() > 10

    class Wide(qt.QWidget):
        def sizeHint(self):
            return qt.QSize(321, 20)

    holder = qt.QWidget()
    layout = qt.QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(Wide())
    assert holder.sizeHint.width() == 321
    section = ctk.ctkCollapsibleButton("Section")
    qt.QVBoxLayout(section).addWidget(Wide())
    assert layout.addWidget(section) is None
    assert holder.sizeHint.width() > 2 * 321


def test_enum_properties(qt):
    box = qt.QMessageBox()
    box.icon = qt.QMessageBox.Question
    box.standardButtons = qt.QMessageBox.Ok | qt.QMessageBox.Cancel
    assert box.icon == qt.QMessageBox.Question
    assert box.standardButtons & qt.QMessageBox.Cancel
    slider = qt.QSlider()
    slider.orientation = qt.Qt.Horizontal
    assert slider.orientation == qt.Qt.Horizontal == 1


def test_names_and_classes(qt):
    button = qt.QPushButton()
    button.objectName = "go"
    assert button.name == "go"
    assert button.className() == "QPushButton"
    assert button.inherits("QWidget")
    assert type(button) is qt.QPushButton
    assert isinstance(button, qt.QPushButton)
    assert not isinstance(button, qt.QWidget)  # PythonQt's wrapped classes do not inherit in Python

    class Mine(qt.QWidget):
        def __init__(self):
            super().__init__()
            self.extra = 1

    assert isinstance(Mine(), qt.QWidget)
    assert Mine().extra == 1


def test_attributes_of_cpp_objects_are_closed(qt):
    button = qt.QPushButton()
    with pytest.raises(AttributeError):
        button.nosuch  # noqa: B018
    with pytest.raises(AttributeError, match="new attributes"):
        button.nosuch = 1
    with pytest.raises(AttributeError, match="overwritten"):
        button.setText = None
    with pytest.raises(AttributeError):
        button.nosuch.connect(print)
    button.setProperty("SlicerParameterName", "threshold")
    assert button.SlicerParameterName == "threshold"
    button.SlicerParameterName = "other"
    assert button.property("SlicerParameterName") == "other"


def test_connect_by_string_and_by_signal(qt):
    button = qt.QPushButton()
    button.checkable = True
    calls = []

    class Receiver:
        def none(self):
            calls.append("none")

        def one(self, checked):
            calls.append(checked)

    receiver = Receiver()
    assert button.connect("clicked()", receiver.none) is True
    assert button.connect("clicked(bool)", receiver.one) is True
    assert button.clicked.connect(receiver.one) is True
    assert button.clicked.connect(lambda *args: calls.append(args)) is True
    button.click()
    assert calls == ["none", True, True, (True,)]
    calls.clear()
    assert button.disconnect("clicked()", receiver.none) is True
    assert button.clicked.disconnect(receiver.one) is True
    assert button.disconnect("clicked(bool)", print) is False
    button.clicked.disconnect()
    button.click()
    assert calls == []
    button.clicked.connect(receiver.one)
    del receiver  # PythonQt keeps the callable alive
    button.click()
    assert calls == [True]


def test_unknown_signals_are_problems(host, qt):
    button = qt.QPushButton()
    with host.expectProblem("signal", "nosuch.* does not exist on QPushButton", count=1):
        assert button.connect("nosuch()", print) is False
    combo = host.slicer.qMRMLNodeComboBox()
    assert combo.connect("currentNodeChanged(vtkMRMLNode*)", print)
    with host.expectProblem("signal", "vtkMRMLVolumeNode", count=1):
        assert combo.connect("currentNodeChanged(vtkMRMLVolumeNode*)", print) is False
    with host.expectProblem("signal", "PyObject", count=1):
        assert combo.connect("currentNodeChanged(PyObject)", print) is False


def test_exceptions_in_slots_are_swallowed_and_recorded(host, qt):
    button = qt.QPushButton()
    button.connect("clicked()", lambda: 1 / 0)
    with host.expectProblem("slot", "ZeroDivisionError", count=1):
        button.click()
    with host.expectProblem("slot", "takes 0 positional|missing 1 required", count=1):
        button.connect("clicked()", lambda needed: None)
        button.disconnect("clicked()", None)
        button.clicked.connect(lambda first, second: None)
        button.click()


def test_timers(host, qt):
    calls = []
    qt.QTimer.singleShot(0, lambda: calls.append("static"))
    qt.QTimer.singleShot(2, lambda: calls.append("later"))
    timer = qt.QTimer()
    timer.setSingleShot(True)
    timer.interval = 1
    timer.connect("timeout()", lambda: calls.append("timer"))
    timer.start()
    host.waitUntil(lambda: sorted(calls) == ["later", "static", "timer"])
    assert timer.isSingleShot()
    assert callable(timer.singleShot)  # PythonQt finds the static method, not the property
    with host.expectProblem("slot", "ValueError", count=1):
        qt.QTimer.singleShot(0, lambda: int("x"))
        host.wait(0.02)


def test_enums_are_numbers(qt):
    assert qt.QProcess.NotRunning == 0
    assert qt.QProcess().state() == qt.QProcess.NotRunning == 0
    assert int(qt.QProcess.Running) == 2
    assert {0: "no"}[qt.QProcess().state()] == "no"
    assert qt.QSizePolicy.Expanding == 7


def test_process_starts_writes_and_ends(host, qt):
    events = []
    process = qt.QProcess()
    process.connect("finished(int,QProcess::ExitStatus)", lambda code, status: events.append((code, status)))
    process.start(sys.executable, ["-c", "print(input() + '!')"])
    process.write("text\n")
    host.waitUntil(lambda: events)
    assert events == [(0, qt.QProcess.NormalExit)]
    assert process.readAllStandardOutput().data() == b"text!\n"
    assert isinstance(process.arguments(), tuple)


def test_process_that_cannot_start_only_reports_an_error(host, qt):
    events = []
    process = qt.QProcess()
    process.connect("finished(int,QProcess::ExitStatus)", lambda *args: events.append("finished"))
    process.connect("errorOccurred(QProcess::ProcessError)", lambda error: events.append(error))
    process.start("/no/such/program", [])
    host.wait(0.05)
    assert events == [qt.QProcess.FailedToStart]
    assert process.state() == 0 and process.errorString()


def test_killed_process(host, qt):
    events = []
    process = qt.QProcess()
    process.connect("errorOccurred(QProcess::ProcessError)", lambda error: events.append(int(error)))
    process.connect("finished(int,QProcess::ExitStatus)", lambda code, status: events.append((code, int(status))))
    process.start(sys.executable, ["-c", "input()"])
    assert process.waitForStarted(5000)
    process.kill()
    host.waitUntil(lambda: len(events) == 2)
    assert events == [1, (9, 1)]


def test_pyside_and_qt6_only_names_are_missing(qt):
    for name in ("Signal", "Slot", "Property", "QtCore", "QtWidgets"):
        assert not hasattr(qt, name)
    with pytest.raises(AttributeError):
        qt.QCheckBox().checkStateChanged  # noqa: B018


def test_child_by_name_and_exec_spelling(host, qt):
    parent = qt.QWidget()
    child = qt.QLabel(parent)
    child.objectName = "inner"
    assert parent.inner is child
    assert parent.children() == [child]
    dialog = qt.QDialog()
    with host.expectDialog(answer=1):
        assert dialog.exec_() == 1


def test_destroyed_objects_cannot_be_used(qt):
    button = qt.QPushButton()
    button.delete()
    with pytest.raises(ValueError, match="destroyed"):
        button.text  # noqa: B018
    with pytest.raises(ValueError, match="destroyed"):
        button.click()


class Owner:
    """Holds a timer whose slot holds the owner."""

    def __init__(self, qt):
        self.timer = qt.QTimer()
        self.timer.connect("timeout()", self.work)

    def work(self):
        self.timer = None


def test_a_sender_keeps_its_slots_alive_until_it_is_deleted(host, qt):
    owner = Owner(qt)
    known, timer = weakref.ref(owner), owner.timer
    slot = owner.work
    assert slot in host.heldSlots()
    del owner, slot
    gc.collect()
    assert known() is not None
    timer.deleteLater()
    host.processEvents()
    gc.collect()
    assert known() is None


def test_a_sender_that_its_own_slot_deletes_is_a_problem(host, qt):
    timer = qt.QTimer()  # a QProcess crashes here, too
    timer.connect("timeout()", lambda: timer.delete())
    with host.expectProblem("qt", "QTimer was deleted while it called a slot"):
        timer.start(0)
        host.wait(0.05)


def test_ctk_widgets_show_only_what_pythonqt_wraps(ctk, qt):
    slider = ctk.ctkSliderWidget()
    for method in ("setRange", "setMinimum", "setSingleStep", "minimumValue"):
        assert not hasattr(slider, method)
    with pytest.raises(TypeError):
        slider.value()
    slider.setValue(3)
    slider.setDecimals(1)
    assert slider.value == 3
    assert not hasattr(ctk.ctkCollapsibleButton(), "setCollapsed")
    assert not hasattr(ctk, "ctkNoSuchWidget")


def test_slider_rounds_steps_and_signals(ctk, host):
    slider = ctk.ctkSliderWidget()
    slider.minimum, slider.maximum, slider.decimals, slider.singleStep = 0, 1, 4, 0.001
    values = []
    slider.connect("valueChanged(double)", values.append)
    slider.value = 0.12345
    slider.value = 0.12345
    slider.value = 7
    assert values == [pytest.approx(0.1234, abs=1.1e-4), 1.0]
    slider.tracking = False
    moving = []
    slider.connect("valueIsChanging(double)", moving.append)
    inner = next(child for child in slider.children() if child.className() == "QSlider")
    inner.setSliderDown(True)
    inner.value = 500
    assert (moving, slider.value) == ([0.5], 1.0)
    inner.setSliderDown(False)
    assert slider.value == 0.5


def test_collapsible_button(ctk, qt, host):
    section = ctk.ctkCollapsibleButton()
    section.text = "Advanced"
    layout = qt.QVBoxLayout(section)
    label = qt.QLabel("inside")
    layout.addWidget(label)
    section.show()
    states = []
    section.connect("contentsCollapsed(bool)", states.append)
    assert label.visible
    section.collapsed = True
    assert not label.visible and states == [True]
    section.click()
    assert label.visible and not section.collapsed and states == [True, False]
    section.close()
