"""Temporary folders that say which process made them, so that what a killed Slicer left is found and removed later."""

import ctypes
import json
import os
import platform
import shutil
import tempfile

#: How their names begin.
PREFIX = "NSN2N-"
#: The file that names process and computer.
OWNER = "owner.json"
#: Of Windows: the right to wait for a process, and what it answers when there is none, or when it has ended.
SYNCHRONIZE, INVALID_PARAMETER, ENDED = 0x00100000, 87, 0


def makeFolder(prefix: str, root: str | None = None) -> str:
    """Make a folder in `root` (None: the system's temporary folder) that belongs to this process.

    Raises:
        OSError: it can't be made; nothing is left.
    """
    path = tempfile.mkdtemp(prefix=prefix, dir=root)
    try:
        with open(os.path.join(path, OWNER), "w", encoding="utf-8") as file:
            json.dump({"process": os.getpid(), "computer": platform.node()}, file)
    except OSError:
        shutil.rmtree(path, ignore_errors=True)
        raise
    return path


def abandonedFolders(root: str | None = None) -> list[str]:
    """The folders in `root` (None: the system's temporary folder) whose process on this computer has ended.

    Others may be in use and are left out.
    """
    try:
        root = root or tempfile.gettempdir()
        paths = [os.path.join(root, name) for name in os.listdir(root) if name.startswith(PREFIX)]
    except OSError:
        return []
    return [path for path in paths if _isAbandoned(path)]


def _isAbandoned(path: str) -> bool:
    try:
        if os.name == "posix" and os.lstat(path).st_uid != os.getuid():  # its links could lead to our user's files
            return False
        with open(os.path.join(path, OWNER), encoding="utf-8") as file:
            owner = json.load(file)
        return owner["computer"] == platform.node() and not _isRunning(owner["process"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _isRunning(process: int) -> bool:
    """Whether there is such a process; on Windows, `os.kill` would end it."""
    if os.name == "nt":
        return _isRunningOnWindows(process, ctypes.WinDLL("kernel32", use_last_error=True))
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _isRunningOnWindows(process: int, kernel) -> bool:
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = kernel.OpenProcess(SYNCHRONIZE, False, process)
    if not handle:
        return ctypes.get_last_error() != INVALID_PARAMETER
    try:
        return kernel.WaitForSingleObject(ctypes.c_void_p(handle), 0) != ENDED
    finally:
        kernel.CloseHandle(ctypes.c_void_p(handle))
