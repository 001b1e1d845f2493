"""Copies of files that are whole or not there."""

import os
import shutil
import uuid
from contextlib import suppress


def copyWhole(source: str, target: str) -> None:
    """Copy a file; what stood there before is replaced by the whole of it or not at all.

    Raises:
        OSError: it can't be copied; nothing is left beside the target.
    """
    part = os.path.join(os.path.dirname(target), f"NSN2N-{uuid.uuid4().hex}.part")  # no file of the user has this name
    try:
        shutil.copyfile(source, part)
        os.replace(part, target)
    except OSError:
        with suppress(OSError):
            os.unlink(part)
        raise
