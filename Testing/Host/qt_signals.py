"""Signals as PythonQt offers them: signature strings, trimmed arguments, True or False as the answer.

PythonQt keeps a reference to the connected callable, passes it as many arguments as it takes, and prints and
swallows its exceptions. An unknown signal is only printed there; here it is a recorded problem.
"""

import re
import types

import shiboken6
from PySide6 import QtCore

from .strict import problems

__all__ = ["BoundSignal", "connect", "disconnect"]

_QObject = QtCore.QObject
_connect, _disconnect = _QObject.connect, _QObject.disconnect

_slots = {}  # address of the sender -> [(signature, callable, slot function)]


class BoundSignal:
    """What `button.clicked` is in PythonQt: has connect, disconnect and emit, and can be called to emit."""

    __slots__ = ("_sender", "_name", "_instance")

    def __init__(self, sender, name, instance):
        self._sender, self._name, self._instance = sender, name, instance

    def connect(self, *args):
        if len(args) != 1:
            raise ValueError("Called connect with wrong number of arguments")
        return connect(self._sender, self._signature(), args[0])

    def disconnect(self, *args):
        if len(args) > 1:
            raise ValueError("Called disconnect with wrong number of arguments")
        return disconnect(self._sender, self._signature(), *args)

    def emit(self, *args):
        self._instance.emit(*args)

    __call__ = emit

    def overload(self, *kinds):
        """For the host's stand-ins only: the signal's other overload (PythonQt has the signature strings for it)."""
        return self._instance[kinds]

    def _signature(self):
        metaObject = self._sender.metaObject()
        for index in range(metaObject.methodCount()):
            method = metaObject.method(index)
            if method.methodType() == QtCore.QMetaMethod.Signal and bytes(method.name()).decode() == self._name:
                return bytes(method.methodSignature()).decode()
        raise AttributeError(f"{metaObject.className()} has no signal named '{self._name}'")

    def __repr__(self):
        return f"<qt signal {self._name} of {self._sender.metaObject().className()}>"


def _normalized(signature):
    if signature[:1].isdigit():
        signature = signature[1:]
    return bytes(QtCore.QMetaObject.normalizedSignature(signature)).decode()


def _hostSignature(sender, signature):
    """The signature as Qt knows it here, or None for a signal that the real class does not have."""
    known = {cpp for cls in type(sender).__mro__ for cpp in vars(cls).get("cppSignals", ())}
    host = re.sub(r"vtk\w+\*", "PyObject", signature)
    if host != signature and signature not in known:
        return None
    if host == signature and "PyObject" in host and not any(host == re.sub(r"vtk\w+\*", "PyObject", k) for k in known):
        return None
    return host if sender.metaObject().indexOfSignal(host) >= 0 else None


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


def _forgetWhenDestroyed(sender, address):
    _connect(sender, QtCore.SIGNAL("destroyed()"), lambda: _slots.pop(address, None))


def connect(sender, signal, receiver, slot=None, connectionType=None):
    """`sender.connect("clicked(bool)", f)` or `sender.connect("clicked()", receiver, "slot()")`; True or False."""
    signature = _normalized(signal)
    hostSignature = _hostSignature(sender, signature)
    className = sender.metaObject().className()
    if hostSignature is None:
        problems.record("signal", f"QObject::connect() signal '{signal}' does not exist on {className}")
        return False
    if slot is not None:
        return bool(_connect(sender, QtCore.SIGNAL(hostSignature), receiver, QtCore.SLOT(slot.lstrip("1"))))
    if not callable(receiver):
        raise TypeError(f"connect: {receiver!r} is not callable")
    address = _address(sender)
    if address not in _slots:
        _slots[address] = []
        _forgetWhenDestroyed(sender, address)
    function = guarded(receiver, f"{className}.{signature}", _argumentCount(hostSignature))
    if not _connect(sender, QtCore.SIGNAL(hostSignature), function):
        return False
    _slots[address].append((hostSignature, receiver, function))
    return True


def disconnect(sender, signal, receiver=None, slot=None):
    """Undo `connect`; without a receiver all Python connections of the signal. False if there was none."""
    hostSignature = _hostSignature(sender, _normalized(signal))
    if hostSignature is None:
        problems.record("signal", f"QObject::disconnect() signal '{signal}' does not exist on {sender.className()}")
        return False
    if slot is not None:
        return bool(_disconnect(sender, QtCore.SIGNAL(hostSignature), receiver, QtCore.SLOT(slot.lstrip("1"))))
    entries = _slots.get(_address(sender), [])
    found = [entry for entry in entries if entry[0] == hostSignature and (receiver is None or entry[1] == receiver)]
    if receiver is not None:
        found = found[:1]
    for entry in found:
        entries.remove(entry)
        _disconnect(sender, QtCore.SIGNAL(hostSignature), entry[2])
    return bool(found)
