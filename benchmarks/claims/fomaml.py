"""First-order MAML (arXiv 1703.03400) on the tasks of maml.py, without second derivatives.

On quadratics the gradient must differ from that of full MAML in closed form.
"""

from __future__ import annotations

from benchmarks.claims.claim import Claim
from benchmarks.claims.maml import quadratic, square_goals
from openpoet.agents.gradient.maml_config import FOMAMLConfig
from tests.agents.quadratics import closed_form, outer_gradient


def claims() -> list[Claim]:
    away = float((outer_gradient(1, 1) - closed_form(2, 1)).abs().max())
    return [
        *square_goals(FOMAMLConfig(), "fomaml"),
        *(quadratic(1, k) for k in (1, 2, 5)),
        Claim("quadratics: distance to full MAML's gradient", away, 0.1),
    ]
