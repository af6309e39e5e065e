"""One thread for torch: the tests have small tensors, and threads that wait for each other would
take most of it.

And a folder of their own for what openpoet keeps beside runs, so that no test leaves something with
its user.
"""

import os
import tempfile

import torch

torch.set_num_threads(1)
state = tempfile.TemporaryDirectory(prefix="openpoet-state-")  # until the tests end
os.environ["XDG_STATE_HOME"] = state.name
