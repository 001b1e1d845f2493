"""How parameter values are checked and stored in the parameter node (a part of slicer.parameterNodeWrapper)."""

import enum
import pathlib
import typing

import slicer

__all__ = ["Choice", "Default", "Exclude", "IsInstance", "Maximum", "Minimum", "NotNone", "Validator", "WithinRange"]


class Default:
    """Annotation: the default value, or a function that makes it."""

    def __init__(self, value=None, *, generator=None):
        self._value, self._generator = value, generator

    @property
    def value(self):
        return self._generator() if self._generator else self._value

    def __eq__(self, other):
        return type(other) is Default and (self._value, self._generator) == (other._value, other._generator)

    __hash__ = None


class Validator:
    """Annotation that refuses values: `validate` raises ValueError or TypeError."""

    def validate(self, value):
        raise NotImplementedError


class NotNone(Validator):
    def validate(self, value):
        if value is None:
            raise ValueError("Value must not be None")


class IsInstance(Validator):
    def __init__(self, classtype):
        self.classtype = classtype

    def validate(self, value):
        if value is not None and not isinstance(value, self.classtype):
            raise TypeError(f"Value must be of type '{self.classtype}', is type '{type(value)}' value '{value}'")


class WithinRange(Validator):
    def __init__(self, minimum, maximum):
        self.minimum, self.maximum = minimum, maximum

    def validate(self, value):
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"Value must be within range [{self.minimum}, {self.maximum}], is {value}")


class Minimum(Validator):
    def __init__(self, minimum):
        self.minimum = minimum

    def validate(self, value):
        if value < self.minimum:
            raise ValueError(f"Value must not be less than {self.minimum}, is {value}")


class Maximum(Validator):
    def __init__(self, maximum):
        self.maximum = maximum

    def validate(self, value):
        if value > self.maximum:
            raise ValueError(f"Value must not be greater than {self.maximum}, is {value}")


class Choice(Validator):
    def __init__(self, choices):
        self.choices = choices

    def validate(self, value):
        if value not in self.choices:
            raise ValueError(f"Value is {value}, but must be one of {self.choices}")


class Exclude(Validator):
    def __init__(self, excludedValues):
        self.excludedValues = excludedValues

    def validate(self, value):
        if value in self.excludedValues:
            raise ValueError(f"Value is {value}, which is one of the excluded {self.excludedValues}")


class RangeBounds(Validator):
    def __init__(self, minimum, maximum):
        self.minimum, self.maximum = minimum, maximum

    def validate(self, value):
        if not (self.minimum <= value.minimum and value.maximum <= self.maximum):
            raise ValueError(f"Range must be within [{self.minimum}, {self.maximum}]")


def splitAnnotations(hint):
    """(type, annotations) of a type that may be Annotated."""
    if typing.get_origin(hint) is typing.Annotated:
        return typing.get_args(hint)[0], typing.get_args(hint)[1:]
    return hint, ()


class _Serializer:
    """Base: the value as text. `accepts` tells in a Union whether a value of this type is meant for it."""

    def __init__(self, kind, *validators):
        self.kind, self.validators = kind, list(validators)

    def accepts(self, kind):
        return kind in (int, float) if self.kind in (int, float) else issubclass(kind, self.kind)

    def validate(self, value):
        for validator in self.validators:
            validator.validate(value)

    def isIn(self, node, name):
        return node.HasParameter(name)

    def write(self, node, name, value):
        self.validate(value)
        node.SetParameter(name, self.toText(value))

    def read(self, node, name):
        return self.fromText(node.GetParameter(name))

    def remove(self, node, name):
        node.UnsetParameter(name)

    def toText(self, value):
        return str(value)

    def fromText(self, text):
        return self.kind(text)

    def default(self):
        return self.kind()


class _BoolSerializer(_Serializer):
    def toText(self, value):
        return "True" if value else "False"

    def fromText(self, text):
        return text == "True"


class _EnumSerializer(_Serializer):
    def toText(self, value):
        return value.name

    def fromText(self, text):
        return self.kind[text]

    def default(self):
        return next(iter(self.kind))


class _NodeSerializer(_Serializer):
    def default(self):
        return None

    def write(self, node, name, value):
        self.validate(value)
        node.SetParameter(name, "")  # marks the parameter as present: None is a value too
        node.SetNodeReferenceID(name, value.GetID() if value is not None else None)

    def read(self, node, name):
        return node.GetNodeReference(name)

    def remove(self, node, name):
        node.UnsetParameter(name)
        node.RemoveNodeReferenceIDs(name)


class _NoneSerializer(_Serializer):
    def toText(self, value):
        return "True"

    def fromText(self, text):
        return None

    def default(self):
        return {}

    def validate(self, value):
        if value is not None:
            raise ValueError("Value must be None")


class _UnionSerializer(_Serializer):
    def __init__(self, serializers):
        super().__init__(None)
        self.serializers = serializers

    def default(self):
        if len(self.serializers) == 2 and isinstance(self.serializers[1], _NoneSerializer):
            return None
        return self.serializers[0].default()

    def isIn(self, node, name):
        return any(s.isIn(node, f"{name}.{index}") for index, s in enumerate(self.serializers))

    def write(self, node, name, value):
        self.validate(value)
        errors = []
        for index, serializer in enumerate(self.serializers):
            if not serializer.accepts(type(value)):
                continue
            try:
                serializer.validate(value)
            except (ValueError, TypeError) as error:
                errors.append(error)
                continue
            with slicer.util.NodeModify(node):
                self.remove(node, name)
                serializer.write(node, f"{name}.{index}", value)
            return
        raise errors[0] if errors else TypeError(f"Unable to write value '{value}' of type '{type(value)}'")

    def read(self, node, name):
        for index, serializer in enumerate(self.serializers):
            if serializer.isIn(node, f"{name}.{index}"):
                return serializer.read(node, f"{name}.{index}")
        raise KeyError(f"Unable to find value for name: {name}")

    def remove(self, node, name):
        for index, serializer in enumerate(self.serializers):
            serializer.remove(node, f"{name}.{index}")


def _serializer(kind):
    if kind is bool:
        return _BoolSerializer(bool, NotNone(), IsInstance(bool))
    if kind is int:
        return _Serializer(int, NotNone(), IsInstance(int))
    if kind is float:
        return _Serializer(float, NotNone(), IsInstance((int, float)))
    if kind is str:
        return _Serializer(str, NotNone(), IsInstance(str))
    if kind is type(None):
        return _NoneSerializer(kind)
    if typing.get_origin(kind) is typing.Union:
        return _UnionSerializer([_annotated(item) for item in typing.get_args(kind)])
    if isinstance(kind, type) and issubclass(kind, pathlib.PurePath):
        return _Serializer(kind, NotNone(), IsInstance(kind))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _EnumSerializer(kind, IsInstance(kind))
    if isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode):
        return _NodeSerializer(kind, IsInstance(kind))
    raise NotImplementedError(f"The test host has no serializer for the parameter type {kind}")


def _annotated(hint):
    kind, annotations = splitAnnotations(hint)
    return createSerializer(kind, annotations)[0]


def createSerializer(kind, annotations):
    """(serializer with the validators among the annotations, the other annotations)."""
    serializer = _serializer(kind)
    rest = []
    for item in annotations:
        if isinstance(item, type) and issubclass(item, Validator):
            item = item()
        if isinstance(item, Validator):
            serializer.validators.append(item)
        else:
            rest.append(item)
    return serializer, rest
