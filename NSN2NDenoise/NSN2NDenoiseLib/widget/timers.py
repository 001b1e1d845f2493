"""Single-shot timers of the panel's parts."""

import qt


def singleShot(callback):
    """A single-shot timer. Its part calls `deleteLater` at the end: the timer keeps the part alive until then."""
    timer = qt.QTimer()
    timer.setSingleShot(True)
    timer.connect("timeout()", callback)
    return timer
