"""Which volume was it? A fingerprint of the voxels, without a word about the patient."""

import hashlib

import numpy as np


def voxel_hash(volume: np.ndarray) -> str:
    """SHA-256 of shape, type and voxels, hexadecimal; the same on every machine.

    Args:
        volume: (K, J, I).
    """
    kind = volume.dtype.newbyteorder("<")
    total = hashlib.sha256(f"{volume.shape} {kind.str} ".encode())
    for part in volume:
        total.update(np.ascontiguousarray(part, dtype=kind).tobytes())
    return total.hexdigest()
