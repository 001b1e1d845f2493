"""Whether what a header claims can be held at all."""

from ..errors import InputError
from .machine import free_memory_mb


def check_room(name: str, needed: int) -> None:
    """Check that so many bytes of voxels fit into the free memory, before anybody asks the system for them.

    Args:
        name: of the input.
        needed: bytes.

    Raises:
        InputError: they don't.
    """
    free = free_memory_mb()
    if free is not None and needed / 1e6 > free:
        raise InputError(
            f"the header of {name} asks for {needed / 1e9:.4g} GB of voxels, and {free / 1000:.1f} GB of memory are "
            "free; if it is not damaged, crop the volume or use a larger machine"
        )
