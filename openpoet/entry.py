"""The entry of the command line. Ctrl-C ends it quietly with exit code 130, also while its modules
are imported.
"""

from __future__ import annotations

import os
import signal
import sys


def command() -> None:
    """The console script `openpoet`."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:  # nothing is open yet that would have to be closed
        signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))
    from .cli.main import main

    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
