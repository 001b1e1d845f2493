"""Whether the voxels of a volume are still those that NSN2N wrote: attributes stay when others write into it."""

from NSN2NDenoiseLib.engine.judge.identity import voxel_hash

from . import volumes

#: Bytes of voxels that are hashed at most: a third of a second.
HASHED = 256 << 20

_times: set[int] = set()
#: The hash of the voxels at a time.
_hashes: dict[int, str] = {}


def timeOf(volumeNode) -> int | None:
    """A number that changes with the voxels, and that no others have in this process; None without voxels."""
    image = volumeNode.GetImageData()
    return None if image is None else image.GetMTime()


def remember(volumeNode) -> None:
    """NSN2N has just written the voxels of a volume."""
    _times.add(timeOf(volumeNode))


def isUntouched(volumeNode) -> bool:
    """Whether the voxels of a volume are some that NSN2N wrote in this session."""
    return timeOf(volumeNode) in _times


def rememberHash(volumeNode, sha256: str | None) -> None:
    """The hash of the voxels of a volume is known."""
    if sha256:
        _hashes[timeOf(volumeNode)] = sha256


def isHashed(volumeNode, sha256: str | None) -> bool:
    """Whether the voxels of a volume have a hash; not, too, where they are too many to find out at once."""
    return bool(sha256) and _hashOf(volumeNode) == sha256


def isOther(volumeNode, sha256: str | None) -> bool:
    """Whether the voxels of a volume have another hash; not, too, where they are too many to find out at once."""
    return bool(sha256) and _hashOf(volumeNode) not in (None, sha256)


def _hashOf(volumeNode) -> str | None:
    time = timeOf(volumeNode)
    if time is not None and time not in _hashes and volumes.arrayOf(volumeNode).nbytes <= HASHED:
        _hashes[time] = voxel_hash(volumes.arrayOf(volumeNode))
    return _hashes.get(time)
