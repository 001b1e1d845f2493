"""What a command says: where that gets lost, its work goes on."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress


class Terminal:
    """A stream of text that notes its first error (a full disk, a reader that has gone) and says nothing from then on.

    Letters that it does not have are written as their numbers.

    Args:
        stream: to write to, or None.

    Attributes:
        error: the first one, or None.
    """

    def __init__(self, stream) -> None:
        self._stream = stream
        self.error: OSError | None = None

    def __getattr__(self, name: str):
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, if that is possible."""
        try:
            self._do("write", text)
        except UnicodeEncodeError:
            encoding = self._stream.encoding
            self._do("write", text.encode(encoding, "backslashreplace").decode(encoding))
        return len(text)

    def flush(self) -> None:
        """Flush, if that is possible."""
        self._do("flush")

    def isatty(self) -> bool:
        """Whether somebody looks at it."""
        return self._stream is not None and self._stream.isatty()

    def _do(self, name: str, *arguments) -> None:
        if self._stream is None or self.error is not None:
            return
        try:
            getattr(self._stream, name)(*arguments)
        except OSError as error:
            self.error = error
            with suppress(OSError):  # else what it still holds is an error again when the interpreter ends
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self._stream.fileno())
                os.close(nowhere)


@contextmanager
def terminals() -> Iterator[tuple[Terminal, Terminal]]:
    """Standard output and standard error are `Terminal`s meanwhile."""
    output, errors = Terminal(sys.stdout), Terminal(sys.stderr)
    with redirect_stdout(output), redirect_stderr(errors):
        try:
            yield output, errors
        finally:
            output.flush()
            errors.flush()
