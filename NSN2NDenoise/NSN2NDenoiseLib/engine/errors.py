"""Every error that the engine raises on purpose; each text says what was wrong and what to do."""

import re

#: What to say of memory that ran out where nothing more is known.
OUT_OF_MEMORY = "out of memory; crop the volume or close other programs"
#: What errors of torch say then; the last is what oneDNN, which convolves on CPUs, says.
_WORDS = re.compile("out of memory|can't allocate memory|not enough memory|ALLOC_FAILED|could not create a primitive$")


class NSN2NError(Exception):
    """Base of all errors raised on purpose."""


class InputError(NSN2NError, ValueError):
    """The volume can't be denoised as it is."""


class SettingsError(NSN2NError, ValueError):
    """A setting has a value that is not allowed."""


class RunError(NSN2NError, RuntimeError):
    """The run failed: it collapsed, or the machine ran out of memory."""


class Cancelled(NSN2NError):
    """The caller's ``should_stop`` said yes."""


class Enough(NSN2NError):
    """The caller's ``should_keep`` said yes in a stage that a result can do without."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, on any device."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and bool(_WORDS.search(str(error))))
