"""What it costs to insert lesions, said before it is done."""


def price(run: dict | None) -> str:
    """Time and memory in words, from the report of the run that is made again; None: it is not known."""
    if run is None:
        return "the time of one run, and needs the JSON of nsn2n denoise --report (--run)"
    seconds, memory = sum(run["seconds"].values()), run["predictedMemoryMB"]
    return f"about {seconds:.0f} s, as the run took on {run['device']}, and {memory / 1000:.1f} GB of memory"
