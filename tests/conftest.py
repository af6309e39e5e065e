"""Settings for all tests: one torch thread, since threads only add overhead for small tensors.

The state that openpoet keeps outside of runs is in a temporary folder, so that tests do not change
the user's files.
"""

import os
import tempfile

import torch

torch.set_num_threads(1)
state = tempfile.TemporaryDirectory(prefix="openpoet-state-")  # deleted at exit
os.environ["XDG_STATE_HOME"] = state.name
