"""One thread for torch: the tests have small tensors, and threads that wait for each other would take most of it."""

import torch

torch.set_num_threads(1)
