"""Any Gymnasium environment as a task family: the family, its simulator, its spaces."""

from .family import GymnasiumFamily
from .rows import Ending

__all__ = ["Ending", "GymnasiumFamily"]
