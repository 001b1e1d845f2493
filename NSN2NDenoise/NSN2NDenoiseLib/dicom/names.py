"""What a derived series is called."""

#: Most characters of a series description (LO).
LONGEST = 64
#: Added to the series number: a derived series stands in the viewer's list behind all of the scanner's.
FURTHER = 1000


def described(source: str, made: str) -> str:
    """The description of a series that was made, from its source's, which is cut where that is too long."""
    return f"{source[: LONGEST - len(made) - 1]} {made}"
