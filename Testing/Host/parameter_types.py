"""How parameter values are checked and stored in the parameter node (a part of slicer.parameterNodeWrapper)."""

import typing

import slicer

__all__ = ["Choice", "WithinRange", "createSerializer", "splitAnnotations"]


class Validator:
    """Annotation that refuses values: `validate` raises ValueError or TypeError."""

    def validate(self, value):
        raise NotImplementedError


class IsInstance(Validator):
    def __init__(self, classtype, noneAllowed=False):
        self.classtype, self.noneAllowed = classtype, noneAllowed

    def validate(self, value):
        if value is None and not self.noneAllowed:
            raise ValueError("Value must not be None")
        if value is not None and not isinstance(value, self.classtype):
            raise TypeError(f"Value must be of type '{self.classtype}', is type '{type(value)}' value '{value}'")


class WithinRange(Validator):
    def __init__(self, minimum, maximum):
        self.minimum, self.maximum = minimum, maximum

    def validate(self, value):
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"Value must be within range [{self.minimum}, {self.maximum}], is {value}")


class Choice(Validator):
    def __init__(self, choices):
        self.choices = choices

    def validate(self, value):
        if value not in self.choices:
            raise ValueError(f"Value is {value}, but must be one of {self.choices}")


def splitAnnotations(hint):
    """(type, annotations) of a type that may be Annotated."""
    if typing.get_origin(hint) is typing.Annotated:
        return typing.get_args(hint)[0], typing.get_args(hint)[1:]
    return hint, ()


class _Serializer:
    """The value as text, checked before it is written."""

    def __init__(self, kind, *validators):
        self.kind, self.validators = kind, validators

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


class _NodeSerializer(_Serializer):
    def default(self):
        return None

    def write(self, node, name, value):
        self.validate(value)
        node.SetParameter(name, "")  # marks the parameter as present: None is a value too
        node.SetNodeReferenceID(name, value.GetID() if value is not None else None)

    def read(self, node, name):
        return node.GetNodeReference(name)


def createSerializer(kind, annotations):
    """What checks, writes and reads values of a type; NotImplementedError for what the host does not know."""
    for item in annotations:
        if not isinstance(item, Validator):
            raise NotImplementedError(f"The test host does not know the annotation {item!r}")
    if kind is bool:
        return _BoolSerializer(bool, IsInstance(bool), *annotations)
    if kind in (int, float, str):
        return _Serializer(kind, IsInstance((int, float) if kind is float else kind), *annotations)
    if isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode):
        return _NodeSerializer(kind, IsInstance(kind, noneAllowed=True), *annotations)
    raise NotImplementedError(f"The test host has no serializer for the parameter type {kind}")
