"""What Dask runs in each worker process of a local cluster when it starts."""

import signal


def dask_setup(worker) -> None:
    """Ctrl-C reaches every process of a terminal; what follows from it is the main one's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
