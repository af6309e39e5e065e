"""Errors of other processes. An exception loses its traceback when it is pickled, so it carries the
frames as data.
"""

from __future__ import annotations

import pickle
import traceback


def with_frames(error: Exception) -> Exception:
    """The error with `frames`, [(module, file, line), ...] from the outermost call to the innermost
    of each of its causes, and with its traceback as a note, which Python prints below the message.

    An error that cannot be pickled becomes a RuntimeError of the same message.
    """
    frames: list[tuple[str, str, int]] = []
    cause: BaseException | None = error
    while cause is not None:
        walked = [
            (str(frame.f_globals.get("__name__")), frame.f_code.co_filename, line)
            for frame, line in traceback.walk_tb(cause.__traceback__)
        ]
        frames, cause = walked + frames, cause.__cause__
    text = "".join(traceback.format_exception(error))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(f"In another process:\n{text}")
    error.frames = frames  # type: ignore[attr-defined]  # pickled with the exception
    return error
