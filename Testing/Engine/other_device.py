"""A GPU that is none: its tensors hold their values in main memory, and refuse what those on a GPU refuse."""

from contextlib import ExitStack
from functools import partial

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

CARD = torch.device("cuda", 0)
#: What torch takes the tensors for: a device without arithmetic, so that nothing but `_Arithmetic` can compute there.
_INSIDE = torch.device("meta")
_COPIES = (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)


class CardTensor(torch.Tensor):
    """A tensor that says that it is on the card; `values` is the same tensor on the CPU."""

    @staticmethod
    def __new__(cls, values: torch.Tensor):
        tensor = torch.Tensor._make_wrapper_subclass(
            cls,
            values.size(),
            strides=values.stride(),
            storage_offset=values.storage_offset(),
            dtype=values.dtype,
            device=_INSIDE,
        )
        tensor.values = values
        return tensor

    @property
    def device(self) -> torch.device:
        return CARD

    def numpy(self, *_, **__):
        raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() first")

    __array__ = numpy

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        raise RuntimeError(f"{function} on a card that was taken away")


class Card:
    """While it is entered, "cuda" is this card, and operations between its tensors and those of the CPU fail.

    Args:
        largest: bytes of the largest tensor that there is memory for.

    Attributes:
        operations: how many were done there.
    """

    def __init__(self, largest: float = float("inf")) -> None:
        self.largest, self.operations = largest, 0

    def __enter__(self) -> "Card":
        self._entered = ExitStack()
        self._entered.enter_context(_Arithmetic(self))
        self._entered.enter_context(_Names())
        return self

    def __exit__(self, *error) -> None:
        self._entered.close()


class _Names(TorchFunctionMode):
    """Calls the card what torch takes it for."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        def inside(value):
            return _INSIDE if isinstance(value, torch.device) and value.type == "cuda" else value

        kwargs = dict(kwargs or {})
        if "device" in kwargs and kwargs["device"] is not None:
            kwargs["device"] = inside(torch.device(kwargs["device"]))
        if function is torch.tensor and kwargs.get("device") == _INSIDE:  # torch would drop the values
            return function(*args, **{**kwargs, "device": "cpu"}).to(_INSIDE)
        return function(*map(inside, args), **kwargs)


class _Arithmetic(TorchDispatchMode):
    """Does on the CPU what is done on the card."""

    def __init__(self, card: Card) -> None:
        super().__init__()
        self._card = card

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        tensors = []
        note = partial(_noted, tensors)
        changed, named = _mapped(note, args), {name: _mapped(note, value) for name, value in kwargs.items()}
        known = {id(_values(tensor)): tensor for tensor in tensors}
        there = [tensor for tensor in tensors if isinstance(tensor, CardTensor)]
        elsewhere = [tensor for tensor in tensors if tensor.dim() and not isinstance(tensor, CardTensor)]
        if there and elsewhere and function not in _COPIES:
            raise RuntimeError(f"{function}: expected all tensors on one device, but found cuda:0 and cpu")
        target = kwargs.get("device")
        on_card = bool(there) if target is None else torch.device(target) == _INSIDE
        if on_card and kwargs.get("generator") is not None:
            raise RuntimeError("expected a 'cuda' device type for generator but found 'cpu'")
        if target is not None:
            named["device"] = torch.device("cpu")
        made = function(*changed, **named)
        if not on_card:
            return made
        self._card.operations += 1
        return _mapped(lambda value: self._kept(value, known), made)

    def _kept(self, value, known: dict):
        if not isinstance(value, torch.Tensor):
            return value
        if id(value) in known:  # changed in place
            return known[id(value)]
        if value.untyped_storage().nbytes() > self._card.largest:
            raise torch.cuda.OutOfMemoryError(f"CUDA out of memory. Tried to allocate {value.nbytes} bytes")
        return CardTensor(value)


def _mapped(change, value):
    """What an operation takes or gives, with each of its parts changed; torch's own trees take most of the time."""
    if isinstance(value, (list, tuple)):
        return type(value)([_mapped(change, part) for part in value])
    return change(value)


def _noted(tensors: list, value):
    """The values of an argument, which is added to the others if it is a tensor."""
    if isinstance(value, torch.Tensor):
        tensors.append(value)
    return _values(value)


def _values(value):
    return value.values if isinstance(value, CardTensor) else value
