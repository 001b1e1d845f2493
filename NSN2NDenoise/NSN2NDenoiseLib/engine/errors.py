"""Every error that the engine raises on purpose; each text says what was wrong and what to do."""


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
