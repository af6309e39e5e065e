"""The conformance suite: laws that every task family, learner and curriculum in one file must
satisfy, as checks for yours.

`check_family(family)`, `check_learner(learner, family)` and `check_curriculum(curriculum, family)`
raise an error at the first law that is violated; `openpoet check FILE` checks and prints all of
them.
"""

from .curriculum_laws import check_curriculum, curriculum_laws
from .family_laws import check_family, family_laws
from .interface import lineage
from .laws import Law, Verdict, verdicts
from .learner_laws import check_learner, learner_laws, same_agent
from .simulator_laws import check_episodes

__all__ = [
    "Law",
    "Verdict",
    "check_curriculum",
    "check_episodes",
    "check_family",
    "check_learner",
    "curriculum_laws",
    "family_laws",
    "learner_laws",
    "lineage",
    "same_agent",
    "verdicts",
]
