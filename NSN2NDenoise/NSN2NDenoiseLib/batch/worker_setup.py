"""What Dask runs in each worker process of a local cluster when it starts."""

import os
import signal

#: Environment variable with the names of the CUDA cards that the workers share out, and torch's own.
GPUS, VISIBLE = "NSN2N_BATCH_GPUS", "CUDA_VISIBLE_DEVICES"


def dask_setup(worker) -> None:
    """Before torch is imported: which card a worker sees, the one of its number, also after it was replaced.

    Ctrl-C reaches every process of a terminal; what follows from it is the main one's business.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gpus = os.environ.get(GPUS, "").split(",")
    if len(gpus) > 1:
        os.environ[VISIBLE] = gpus[int(worker.name) % len(gpus)]
