"""The entry point of ``nsn2n``: runs a command and turns every ending into a message and an exit status."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from .terminal import terminals

DONE, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130
#: What does nothing but answer.
ANSWERS = ("inspect", "--xml", "--boutiques")


class _StopRequest:
    """Set by the first Ctrl-C (or SIGTERM); the run notices it at its next step. The second one ends at once."""

    def __init__(self) -> None:
        self.requested = False

    def __call__(self) -> bool:
        return self.requested

    def handle(self, *_) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True


def main(arguments: Sequence[str] | None = None, is_module: bool = False) -> int:
    """Run ``nsn2n`` with these arguments.

    Args:
        arguments: those of the process if None.
        is_module: they are a CLI module's, without a command; recognized by themselves where they begin with a flag or
            an existing file.

    Returns:
        0 done, 1 failed, 2 unusable arguments or input, 130 interrupted.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    with terminals() as (output, _errors):
        status = _main(arguments, is_module)
        output.flush()
        if status != DONE or output.error is None or isinstance(output.error, BrokenPipeError):
            return status
        if arguments[0] in ANSWERS:
            return _end(FAILED, f"the answer could not be written ({output.error})")
        return _end(DONE, f"done, but what there was to say of it could not be written ({output.error})")


def _main(arguments: list[str], is_module: bool) -> int:
    if arguments == ["--xml"]:
        from .module import make_xml

        print(make_xml(), end="")
        return DONE
    if arguments == ["--boutiques"]:
        from .boutiques import make_descriptor

        print(make_descriptor(), end="")
        return DONE
    stop = _StopRequest()
    before = {number: signal.signal(number, stop.handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return _run(_parse(arguments, is_module), stop)
    except KeyboardInterrupt:
        return _end(INTERRUPTED, "stopped; nothing was written")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parse(arguments: list[str], is_module: bool):
    from .arguments import COMMANDS, make_parser
    from .module import parse_call

    first = arguments[0] if arguments else ""
    if first not in COMMANDS and len(arguments) > 1:
        is_module = is_module or first.startswith("--") or Path(first).is_file()
    return parse_call(arguments) if is_module else make_parser().parse_args(arguments)


def _run(options, stop: _StopRequest) -> int:
    from .. import engine
    from . import commands

    try:
        if options.command == "batch":
            from ..batch.run import batch as run
        elif options.command == "report":
            from .report import report as run
        else:
            run = {"denoise": commands.denoise, "mask": commands.mask, "inspect": commands.inspect}[options.command]
        run(options, stop)
    except (engine.InputError, engine.SettingsError) as error:
        return _end(UNUSABLE, str(error))
    except engine.Cancelled:
        if options.command == "batch":
            return _end(INTERRUPTED, "stopped; finished volumes stay, and the same command goes on")
        kept = getattr(options, "kept", None)
        if kept is not None and kept.is_dir():
            return _end(INTERRUPTED, f"stopped; what is done is in {kept}, and the same command goes on")
        return _end(INTERRUPTED, "stopped; nothing was written")
    except engine.RunError as error:
        return _end(FAILED, str(error))
    except OSError as error:
        return _end(FAILED, f"an output could not be written ({error}); nothing was changed")
    except (MemoryError, RuntimeError) as error:
        if not engine.is_out_of_memory(error):
            raise
        return _end(FAILED, engine.OUT_OF_MEMORY)
    except ModuleNotFoundError as error:
        return _end(FAILED, f"the Python package {error.name} is not installed")
    return DONE


def _end(status: int, message: str) -> int:
    print(f"nsn2n: {message}", file=sys.stderr)
    return status
