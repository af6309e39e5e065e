"""The population as plain records and back, exactly: `from_records(*to_records(p, family), family)`
equals p.

Records are JSON; floats survive, since Python writes the shortest text that reads back as the same
float. Agents are kept beside the records, under their names. A field of a niche or an event is
written and read by its annotation in niche.py. Records may come from a stranger's file, so anything
that does not fit is refused, in one line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, get_args

import torch

from .curriculum_records import buffer_of, curriculum_record, memory_of
from .interfaces import Agent, TaskFamily
from .niche import Event, Niche, Population
from .records import Fields, finite, made, stream

SCHEMA = 2
MOST_SCORES = 10**8  # of retired agents; the archive's own limit on its size comes first
EVENTS = {kind.tag: kind for kind in get_args(Event)}

Record = dict[str, Any]
Scores = Mapping[tuple[int, int], float]


def to_records(
    population: Population, family: TaskFamily, before: Population | None = None
) -> tuple[Record, dict[str, Agent]]:
    """JSON-able data, and the agents it names.

    before: a population of the same run that has been kept already. Its retired niches and their
    scores never change, so they are left out of the records.
    """
    retired, known = population.retired, population.scores_of_retired
    if before is not None:
        retired = retired[len(before.retired) :]
        known = _new_scores(population, before)
    data = {
        "schema": SCHEMA,
        "iteration": population.iteration,
        "niches_born": population.niches_born,
        "children_tried": population.children_tried,
        "active": [_niche_record(niche, family) for niche in population.active],
        "retired": [_niche_record(niche, family) for niche in retired],
        # [retired niche whose agent was scored, niche whose task it was scored in, score]
        "scores_of_retired": [
            [agent, niche, score] for (agent, niche), score in sorted(known.items())
        ],
        "events": [_event_record(event, family) for event in population.events],
    }
    data |= curriculum_record(population)
    return data, {agent_name(niche.id): niche.agent for niche in (*retired, *population.active)}


def _new_scores(population: Population, before: Population) -> Scores:
    """The scores of retired agents that are not in `before`; all pairs are compared only if the
    number of new ones does not add up.
    """
    now, then = population.scores_of_retired, before.scores_of_retired
    if now is then:
        return {}
    ids = [niche.id for niche in population.niches]
    born = [id for id in ids if id >= before.niches_born]
    pairs = {(niche.id, id) for niche in population.retired for id in born}
    pairs |= {(niche.id, id) for niche in population.retired[len(before.retired) :] for id in ids}
    new = {pair: now[pair] for pair in pairs if pair in now and pair not in then}
    if len(then) + len(new) == len(now):
        return new
    return {pair: score for pair, score in now.items() if pair not in then}


def agent_name(niche: int) -> str:
    return f"niche-{niche}"


def _niche_record(niche: Niche, family: TaskFamily) -> Record:
    record = {field.name: getattr(niche, field.name) for field in fields(niche)}
    key = [] if niche.score_key is None else [niche.score_key.seed, *niche.score_key.path]
    texts = {"task": family.encode(niche.task), "agent": agent_name(niche.id)}
    return record | texts | {"scores": list(niche.scores), "score_key": key}


def _event_record(event: Event, family: TaskFamily) -> Record:
    record = {field.name: getattr(event, field.name) for field in fields(event)}
    if event.tag == "child":
        record["task"] = family.encode(event.task)
    return {"event": event.tag, **record}


def from_records(data: Any, agents: Mapping[str, Agent], family: TaskFamily) -> Population:
    """The population of a checkpoint. ValueError, one line, if the records are not one."""
    whole = Fields(data, "checkpoint")
    if (schema := whole.integer("schema")) != SCHEMA:
        raise ValueError(
            f"checkpoint.schema must be {SCHEMA}, got {schema}: it was written by another version"
        )
    active = [
        _niche(r, f"active[{i}]", agents, family) for i, r in enumerate(whole.records("active"))
    ]
    retired = [
        _niche(r, f"retired[{i}]", agents, family) for i, r in enumerate(whole.records("retired"))
    ]
    if not active:
        raise ValueError("checkpoint.active must have at least one niche, got none")
    draws, drawn = buffer_of(whole, {niche.id for niche in active})
    population = Population(
        iteration=whole.integer("iteration"),
        active=tuple(active),
        retired=tuple(retired),
        niches_born=whole.integer("niches_born"),
        children_tried=whole.integer("children_tried"),
        events=tuple(
            _event(r, f"events[{i}]", family) for i, r in enumerate(whole.records("events"))
        ),
        scores_of_retired=_scores(whole.records("scores_of_retired", MOST_SCORES), retired, active),
        draws=draws,
        drawn=drawn,
        memory=memory_of(whole),
    )
    whole.end()
    _check(population)
    return population


def niches_from_records(
    data: Sequence[Any], agents: Mapping[str, Agent], family: TaskFamily
) -> list[Niche]:
    """The niches of some records, without the rest of a population. ValueError as above."""
    return [_niche(record, f"niches[{i}]", agents, family) for i, record in enumerate(data)]


def _niche(record: Any, where: str, agents: Mapping[str, Agent], family: TaskFamily) -> Niche:
    take = Fields(record, where)
    id, name, scores = take.integer("id"), take.take("agent"), take.records("scores")
    if name != agent_name(id) or name not in agents:
        raise ValueError(
            f"{where}.agent must be {agent_name(id)!r} and among the agents, got {str(name)[:60]!r}"
        )
    if not all(finite(score) for score in scores):
        raise ValueError(f"{where}.scores must be finite numbers, got {str(scores)[:60]}")
    niche = made(
        Niche,
        take,
        id=id,
        task=family.decode(take.take("task")),
        agent=_agent(agents[name], name),
        scores=tuple(float(score) for score in scores),
        score_key=stream(take, "score_key", bool(scores)),
    )
    take.end()
    return niche


def _agent(agent: Agent, name: str) -> Agent:
    for tensor_name, tensor in agent.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise ValueError(
                f"agent {name} must be finite, got NaN or infinity in its tensor {tensor_name!r}"
            )
    return agent


def _event(record: Any, where: str, family: TaskFamily) -> Event:
    take = Fields(record, where)
    kind = EVENTS[take.choice("event", tuple(EVENTS))]
    given = {"task": family.decode(take.take("task"))} if kind.tag == "child" else {}
    event: Event = made(kind, take, **given)
    take.end()
    return event


def _scores(
    rows: list[Any], retired: Sequence[Niche], active: Sequence[Niche]
) -> dict[tuple[int, int], float]:
    agents = {niche.id for niche in retired}
    niches = agents | {niche.id for niche in active}
    scores: dict[tuple[int, int], float] = {}
    for row in rows:
        if not (isinstance(row, list) and len(row) == 3 and finite(row[2])):
            raise ValueError(
                f"scores_of_retired must be rows [retired niche, niche, score], got {str(row)[:60]}"
            )
        agent, niche = row[:2]
        if not (type(agent) is int and agent in agents and type(niche) is int and niche in niches):
            raise ValueError(
                f"scores_of_retired must be of a retired agent in a niche, got {str(row)[:60]}"
            )
        if (agent, niche) in scores:
            raise ValueError(
                f"scores_of_retired has the agent of niche {agent} in niche {niche} twice"
            )
        scores[agent, niche] = float(row[2])
    return scores


def _check(population: Population) -> None:
    """ValueError unless the parts of a population agree with each other."""
    ids = [niche.id for niche in population.niches]
    # A curriculum's levels do not retire in the order of their births.
    own = [niche.id for niche in population.active]
    if own != sorted(own) or len(set(ids)) < len(ids) or max(ids) >= population.niches_born:
        raise ValueError(
            f"niche ids must rise, below niches_born = {population.niches_born}, got "
            f"{str(ids)[:60]}"
        )
    known, active = set(ids), {niche.id for niche in population.active}
    for niche in population.niches:
        if niche.parent is not None and not (niche.parent in known and niche.parent < niche.id):
            raise ValueError(
                f"niche {niche.id} must have an older niche as its parent, got {niche.parent}"
            )
        if max(niche.born, niche.solved or 0, niche.died or 0) > population.iteration:
            raise ValueError(
                f"niche {niche.id} must not have events after iteration {population.iteration}"
            )
        if (niche.died is None) != (niche.id in active):
            raise ValueError(
                f"niche {niche.id} must have `died` if it is retired, and only then, "
                f"got {niche.died}"
            )
    for event in population.events:
        _check_event(event, known, population.children_tried)


def _check_event(event: Event, niches: set[int], children: int) -> None:
    if event.tag == "child":
        if event.id >= children:
            raise ValueError(f"child {event.id} must be one of the {children} tried")
        named = [event.parent] if event.niche is None else [event.parent, event.niche]
    else:
        named = [event.source]
    if not niches.issuperset(named):
        raise ValueError(f"an event must name niches of the checkpoint, got {named}")
