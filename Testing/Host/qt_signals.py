"""Signals as PythonQt offers them: signature strings, trimmed arguments, True or False as the answer.

PythonQt keeps a reference to the connected callable (also to a bound method's object) as long as the sender lives, in
C++, where gc can't see it; it passes as many arguments as the callable takes, and prints and swallows its exceptions.
An unknown signal is only printed there, and a sender that is deleted by its own slot crashes; here both are recorded
problems.
"""

import re
import types

import shiboken6
from PySide6 import QtCore

from .qt_classes import classInfo
from .strict import problems

__all__ = ["BoundSignal", "connect", "disconnect", "heldSlots"]

_QObject = QtCore.QObject
_connect, _disconnect = _QObject.connect, _QObject.disconnect

_slots = {}  # address of the sender -> [(signature, callable, slot function)]
_sending = []  # addresses of the senders whose slots are being called


class BoundSignal:
    """What `button.clicked` is in PythonQt: has connect, disconnect and emit, and can be called to emit."""

    __slots__ = ("_instance", "_name", "_sender")

    def __init__(self, sender, name, instance):
        self._sender, self._name, self._instance = sender, name, instance

    def connect(self, *args):
        if len(args) != 1:
            raise ValueError("Called connect with wrong number of arguments")
        return _connectCallable(self._sender, self._signature(), args[0])

    def disconnect(self, *args):
        if len(args) > 1:
            raise ValueError("Called disconnect with wrong number of arguments")
        return _disconnectCallables(self._sender, self._signature(), *args)

    def emit(self, *args):
        self._instance.emit(*args)

    __call__ = emit

    def overload(self, *kinds):
        """For the host's stand-ins only: the signal's other overload (PythonQt has the signature strings for it)."""
        return self._instance[kinds]

    def _signature(self):
        return classInfo(type(self._sender)).cpp.signals[self._name][0]

    def __repr__(self):
        return f"<qt signal {self._name} of {classInfo(type(self._sender)).name} instance>"


def _normalized(signature):
    if signature[:1].isdigit():
        signature = signature[1:]
    return bytes(QtCore.QMetaObject.normalizedSignature(signature)).decode()


def hostSignature(text):
    """A signature as Qt knows it here: VTK pointers are Python objects."""
    return re.sub(r"vtk\w+\s*\*", "PyObject", text).replace(" ", "")


def _knownSignature(sender, signature):
    """The signature as Qt knows it here, or None for a signal that the real class does not have."""
    cpp = classInfo(type(sender)).cpp
    host = hostSignature(signature)
    if "PyObject" in host and not cpp.declares("cppSignals", signature):
        return None
    return host if host in cpp.signals.get(host.partition("(")[0], ()) else None


def _argumentCount(signature):
    arguments = signature[signature.index("(") + 1 : -1]
    return 0 if not arguments else arguments.count(",") + 1


def _acceptedArguments(callable_):
    """How many arguments PythonQt passes at most: it looks at Python functions and methods only."""
    function = callable_
    bound = 0
    if isinstance(function, types.MethodType):
        function, bound = function.__func__, 1
    if not isinstance(function, types.FunctionType) or function.__code__.co_flags & 0x04:
        return None
    return function.__code__.co_argcount - bound


def guarded(callable_, where, argumentCount=None):
    """A function that calls `callable_` as PythonQt does: arguments trimmed, exceptions recorded and swallowed."""
    limit = _acceptedArguments(callable_)
    if limit is None:
        limit = argumentCount
    elif argumentCount is not None:
        limit = min(limit, argumentCount)

    def slot(*args):
        args = tuple(tuple(arg) if isinstance(arg, list) else arg for arg in args[:limit])
        try:
            callable_(*args)
        except BaseException as error:  # whatever it is, it must not pass through Qt
            problems.recordException("slot", f"Exception in a slot of {where}", error)

    return slot


def _address(sender):
    return shiboken6.getCppPointer(sender)[0]


def heldSlots():
    """The callables that senders hold at the moment: each keeps alive what it refers to."""
    return [entry[1] for entries in _slots.values() for entry in entries]


def _forgetWhenDestroyed(sender, address):
    name = classInfo(type(sender)).name

    def forget():
        _slots.pop(address, None)
        if address in _sending:
            problems.record(
                "qt", f"A {name} was deleted while it called a slot: a real Slicer crashes. Use deleteLater()"
            )

    _connect(sender, QtCore.SIGNAL("destroyed()"), forget)


def _unknownSignal(action, sender, signal):
    problems.record("signal", f"{action}() signal '{signal}' does not exist on {classInfo(type(sender)).name}")
    return False


def _connectCallable(sender, known, callable_):
    if not callable(callable_):
        raise TypeError(f"connect: {callable_!r} is not callable")
    address = _address(sender)
    if address not in _slots:
        _slots[address] = []
        _forgetWhenDestroyed(sender, address)
    call = guarded(callable_, f"{classInfo(type(sender)).name}.{known}", _argumentCount(known))

    def function(*args):
        _sending.append(address)
        try:
            call(*args)
        finally:
            _sending.remove(address)

    if not _connect(sender, QtCore.SIGNAL(known), function):
        return False
    _slots[address].append((known, callable_, function))
    return True


def _disconnectCallables(sender, known, callable_=None):
    entries = _slots.get(_address(sender), [])
    found = [entry for entry in entries if entry[0] == known and (callable_ is None or entry[1] == callable_)]
    if callable_ is not None:
        found = found[:1]
    for entry in found:
        entries.remove(entry)
        _disconnect(sender, QtCore.SIGNAL(known), entry[2])
    return bool(found)


def connect(sender, signal, receiver, slot=None, connectionType=None):
    """`sender.connect("clicked(bool)", f)` or `sender.connect("clicked()", receiver, "slot()")`; True or False."""
    known = _knownSignature(sender, _normalized(signal))
    if known is None:
        return _unknownSignal("connect", sender, signal)
    if slot is None:
        return _connectCallable(sender, known, receiver)
    return bool(_connect(sender, QtCore.SIGNAL(known), receiver, QtCore.SLOT(hostSignature(slot.lstrip("1")))))


def disconnect(sender, signal, receiver=None, slot=None):
    """Undo `connect`; without a receiver all Python connections of the signal. False if there was none."""
    known = _knownSignature(sender, _normalized(signal))
    if known is None:
        return _unknownSignal("disconnect", sender, signal)
    if slot is None:
        return _disconnectCallables(sender, known, receiver)
    return bool(_disconnect(sender, QtCore.SIGNAL(known), receiver, QtCore.SLOT(hostSignature(slot.lstrip("1")))))
