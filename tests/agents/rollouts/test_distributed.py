"""Rollouts in Ray workers, on a local cluster of two nodes: results equal those of one process."""

import contextlib
import os
import pickle
import signal
import threading
import tomllib
from pathlib import Path

import numpy as np
import pytest
import ray
import torch
from ray.cluster_utils import Cluster

from openpoet.agents.rollouts import distributed, object_store
from openpoet.agents.rollouts.distributed import RayRollouts
from openpoet.agents.rollouts.places import InProcess
from openpoet.agents.rollouts.rollout import Machine
from openpoet.agents.search.es import ES
from openpoet.agents.search.es_config import ESConfig
from openpoet.agents.search.step_members import StepMembers
from openpoet.cli.meter import Meter
from openpoet.cli.plugins import load, module_name
from openpoet.cli.plugins import place as place_of
from openpoet.envs.walker.family import Walker, WalkerSettings
from openpoet.poet.checkpoint import to_records
from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.engine import evolve, start
from openpoet.poet.streams import Key
from tests.agents.point_mass import PointMass
from tests.agents.rollouts.test_rollout import POLICY, case, same

FAULT = "def step(self, actions):\n        [][1]"
HILL = Path(__file__).resolve().parents[3] / "examples" / "hill.py"


@pytest.fixture(scope="module")
def two_nodes():
    """Rollouts on two nodes with one worker each."""
    node = {"num_cpus": 1, "object_store_memory": 10**8, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    try:
        cluster.add_node(num_cpus=1, object_store_memory=10**8)
        with RayRollouts(cluster.address) as rollouts:
            yield rollouts
    finally:
        cluster.shutdown()


def run(rollouts, family, weights, member, tasks, seeds, **machine):
    return rollouts.rollout(
        POLICY, family, weights, member, tasks, seeds, machine=Machine(**machine)
    )


class Traced(PointMass):
    """Each simulator creates a file whose name is its node and process."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def simulator(self, tasks, seeds, device):
        (self.folder / f"{ray.get_runtime_context().get_node_id()} {os.getpid()}").touch()
        return super().simulator(tasks, seeds, device)


class Killing(PointMass):
    """The fourth step of a batch kills the process, until this has happened `deaths` times."""

    def __init__(self, folder, deaths):
        super().__init__()
        self.folder, self.deaths = folder, deaths

    def simulator(self, tasks, seeds, device):
        made = super().simulator(tasks, seeds, device)
        step = made.step

        def killing_step(actions):
            if made.time == 3 and len(list(self.folder.iterdir())) < self.deaths:
                (self.folder / str(os.getpid())).touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return step(actions)

        made.step = killing_step
        return made


def test_a_batch_on_two_nodes_equals_one_process_in_results_and_steps(two_nodes, tmp_path):
    here, there = Meter(PointMass()), Meter(Traced(tmp_path))
    whole = run(InProcess(), here, *case(n=43))
    assert two_nodes.workers == 2
    same(run(two_nodes, there, *case(n=43), max_rows=9), whole)
    assert len({file.name.split()[0] for file in tmp_path.iterdir()}) == 2
    assert there.steps == here.steps == whole.steps.sum()


@pytest.mark.parametrize("rows", [0, 1, 17])
def test_any_number_of_rows_is_accepted(two_nodes, rows):
    arguments = case(n=rows)
    same(run(two_nodes, PointMass(), *arguments), run(InProcess(), PointMass(), *arguments))


def test_es_in_workers_equals_es_in_process(two_nodes):
    config = ESConfig(population=16, hidden=(6,), episodes=2, evaluation_episodes=3)
    here, there = (ES(Meter(PointMass()), config, place) for place in (None, two_nodes))
    agents, tasks = (
        [here.init(Key(0, ("agent", i))) for i in range(3)],
        [(0.5, 0.0), (0.0, 0.5), (-0.5, 0.5)],
    )
    keys = [Key(1, ("improve", i)) for i in range(3)]
    for a, b in zip(
        here.improve(agents, tasks, keys)[0], there.improve(agents, tasks, keys)[0], strict=True
    ):
        assert torch.equal(a["theta"], b["theta"])
    for a, b in zip(
        here.evaluate(agents, tasks, keys), there.evaluate(agents, tasks, keys), strict=True
    ):
        np.testing.assert_array_equal(a, b)
    assert here.family.steps == there.family.steps > 0


def test_an_es_step_sends_agents_and_keys_and_no_members(two_nodes, monkeypatch):
    es = ES(PointMass(), ESConfig(population=64, hidden=(40, 40)), two_nodes)
    agents, keys = [es.init(Key(i)) for i in range(3)], [Key(9, (i,)) for i in range(3)]
    tasks = [(0.5, 0.0), (0.0, 0.5), (-0.5, 0.5)]
    sizes, put = [], ray.put
    monkeypatch.setattr(
        ray, "put", lambda value: sizes.append(len(pickle.dumps(value))) or put(value)
    )
    for name in ("_part", "_item"):
        task = getattr(two_nodes, name)
        monkeypatch.setattr(two_nodes, name, Measured(task, sizes))
    es.improve(agents, tasks, keys)
    agent = sum(value.nbytes for value in agents[0].values())
    members = 64 * agents[0]["theta"].nbytes
    assert sum(sizes) < 3 * (2 * agent + 4_000) + 10_000 < 3 * members


class Measured:
    """A Ray task that records the pickled size of its arguments."""

    def __init__(self, task, sizes):
        self.task, self.sizes = task, sizes

    def remote(self, *arguments):
        values = [one for one in arguments if not isinstance(one, ray.ObjectRef)]
        self.sizes.append(len(ray.cloudpickle.dumps(values)))
        return self.task.remote(*arguments)


@pytest.mark.parametrize("searcher", ["openai-es", "pgpe", "snes"])
def test_members_made_in_parts_equal_the_whole_population(searcher):
    config = ESConfig(population=12, searcher=searcher)
    es = ES(PointMass(), config)
    members = StepMembers(es.searcher, es.init(Key(0)), Key(1), 12)
    whole = es.searcher.ask(members.agent, members.key)
    for numbers in ([0, 1, 2, 3], [5], [2, 3, 9, 11], [], list(range(12))):
        some = pickle.loads(pickle.dumps(members)).make(np.array(numbers, np.int64))
        assert torch.equal(some, whole[numbers])


def test_an_error_in_a_users_file_has_its_file_and_line(two_nodes, tmp_path):
    own = tmp_path / "own.py"
    own.write_text(HILL.read_text().replace("def step(self, actions):", FAULT))
    family = load("family", str(own), ())()
    es = ES(family, ESConfig(population=16, hidden=(6,)))
    weights, rows = torch.zeros(1, es.policy.parameters), (np.zeros(1, int), [family.origin()], [0])
    with (
        RayRollouts("local", by_value=[module_name(str(own))]) as rollouts,
        pytest.raises(IndexError) as failed,
    ):
        rollouts.rollout(es.policy, family, weights, *rows, machine=Machine())
    line = 1 + own.read_text().splitlines().index("        [][1]")
    assert place_of(failed.value) == f"own.py, line {line}"


def test_a_killed_worker_is_replaced_and_its_part_repeated(two_nodes, tmp_path):
    family = Meter(Killing(tmp_path, deaths=1))
    whole = run(InProcess(), PointMass(), *case())
    same(run(two_nodes, family, *case()), whole)
    assert len(list(tmp_path.iterdir())) == 1  # a worker was killed
    # steps of the killed worker are not counted, since they have no result
    assert family.steps == whole.steps.sum()


def workers_of(process):
    """Ray workers started by this process or its nodes; Linux only."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # the process has ended
            parents[int(folder.name)] = int(
                (folder / "stat").read_text().rpartition(")")[2].split()[1]
            )
    found, children = set(), {process}
    while children:
        found |= children
        children = {child for child, parent in parents.items() if parent in found} - found
    return [
        child
        for child in found
        if Path(f"/proc/{child}/cmdline").read_bytes().startswith(b"ray::_part")
    ]


def test_killing_workers_during_a_run_does_not_change_it(two_nodes):
    """One worker is killed per iteration while it computes, until three have been killed."""
    family = Walker(WalkerSettings(length=40, horizon=60, threads=1))
    family.prepare(print)  # otherwise new workers are killed while they compile
    config = PoetConfig(
        seed=3, mutate_every=2, transfer_every=2, capacity=3, reproduce_at=-300.0, mc_low=-300.0
    )
    places = [
        Setup(family, ES(family, ESConfig(population=64), place), config)
        for place in (two_nodes, None)
    ]
    runs = [evolve(start(setup), setup) for setup in places]
    killed, interrupted, iteration, finished = [], [], threading.Event(), threading.Event()

    def kill():
        while not finished.is_set():
            if iteration.wait(0.02) and (working := workers_of(os.getpid())):
                os.kill(working[0], signal.SIGKILL)
                killed.append(working[0])
                iteration.clear()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        while len(killed) < 3:
            iteration.set()
            interrupted.append(next(runs[0]))
    finally:
        finished.set()
        killer.join()
    for there, here in zip(interrupted, runs[1], strict=False):
        records = [to_records(population, family) for population in (there, here)]
        assert records[0][0] == records[1][0]
        for name, agent in records[0][1].items():
            assert all(torch.equal(value, records[1][1][name][key]) for key, value in agent.items())
    assert len(interrupted[-1].niches) > 1


def test_a_batch_that_kills_every_worker_is_a_one_line_error(two_nodes, tmp_path, monkeypatch):
    monkeypatch.setattr(distributed, "ATTEMPTS", 2)
    with RayRollouts("local", 1) as rollouts, pytest.raises(RuntimeError, match="2 attempts"):
        run(rollouts, Killing(tmp_path, deaths=99), *case())
    assert len(list(tmp_path.iterdir())) == 2


class NaNTarget(PointMass):
    """Observations are NaN for one seed."""

    def __init__(self, seed):
        super().__init__()
        self.seed = seed

    def simulator(self, tasks, seeds, device):
        made = super().simulator(tasks, seeds, device)
        if self.seed in seeds:
            made.targets[seeds.index(self.seed)] = float("nan")
        return made


def test_errors_in_workers_equal_errors_in_process(two_nodes):
    weights, member, tasks, _ = case()
    for place in (InProcess(), two_nodes):
        with pytest.raises(
            ValueError,
            match=r"^observation of row 17 is NaN or infinite, in task "
            r"\(",
        ):
            run(place, NaNTarget(17), weights, member, tasks, list(range(23)), max_rows=5)
        with pytest.raises(ValueError, match=r"^member 4 has weights"):
            run(
                place,
                PointMass(),
                weights.index_fill(0, torch.tensor([4]), np.inf),
                member,
                tasks,
                list(range(23)),
            )


def test_a_family_in_a_users_file_is_sent_by_value(two_nodes):
    hill = load("family", str(HILL), ())()
    config = ESConfig(population=16, hidden=(6,))
    weights = torch.zeros(1, ES(hill, config).policy.parameters)
    # by reference, workers do not find the module
    with pytest.raises(RuntimeError, match=r"Ray gave up .*_hill_"):
        two_nodes.rollout(
            ES(hill, config).policy,
            hill,
            weights,
            np.zeros(1, int),
            [hill.origin()],
            [0],
            machine=Machine(),
        )
    with RayRollouts("local", by_value=[module_name(str(HILL))]) as rollouts:
        here, there = (ES(hill, config, place) for place in (None, rollouts))
        arguments = [here.init(Key(0, ("agent",)))], [(1.0, 0.0, 2.0)], [Key(1, ("improve",))]
        assert torch.equal(
            here.improve(*arguments)[0][0]["theta"], there.improve(*arguments)[0][0]["theta"]
        )


@pytest.mark.parametrize("version", ["2.58.1", "2.9.0", "1.13.0"])
def test_ray_versions_without_token_authentication_raise_value_error(monkeypatch, version):
    monkeypatch.setattr(ray, "__version__", version)
    with pytest.raises(
        ValueError,
        match=rf"^Ray {version} is installed, [^\n]*pip install "
        r"'ray>=2.59'$",
    ):
        RayRollouts("local")


@pytest.mark.parametrize("version", ["2.59.0", "2.60.1", "3.0.0.dev0"])
def test_later_ray_versions_are_accepted(monkeypatch, version):
    monkeypatch.setattr(ray, "__version__", version)
    RayRollouts("local")


def test_the_declared_ray_version_is_accepted():
    project = tomllib.loads((HILL.parents[1] / "pyproject.toml").read_text())["project"]
    assert (
        f"ray>={distributed.OLDEST_RAY[0]}.{distributed.OLDEST_RAY[1]}" in project["dependencies"]
    )


def test_nodes_with_another_version_of_the_code_raise_value_error(two_nodes, monkeypatch):
    monkeypatch.setattr(distributed, "_code", lambda: "of another version")
    with pytest.raises(ValueError, match="has other code than the driver"):
        run(two_nodes, PointMass(), *case())


def test_sent_values_are_cached_up_to_a_limit(two_nodes, monkeypatch):
    shared = object_store.Shared()
    task, array = shared.value([(0.1, 0.2)], "the tasks"), shared.array(np.arange(5.0))
    assert shared.value([(0.1, 0.2)], "the tasks") == task
    assert shared.array(np.arange(5.0)) == array
    assert shared.array(np.arange(5)) != array  # another dtype is another value
    monkeypatch.setattr(object_store, "KEPT", 100)
    assert shared.array(np.arange(10.0)) != array
    assert len(shared.kept) == 1


def test_values_that_cannot_be_pickled_raise_value_error(two_nodes):
    family = PointMass()
    family.lock = threading.Lock()
    with pytest.raises(ValueError, match="the family cannot be sent to Ray workers"):
        run(two_nodes, family, *case())
    with pytest.raises(ValueError, match='device must be "cpu"'):
        run(two_nodes, PointMass(), *case(), device="cuda")


def test_walkers_and_meters_can_be_pickled():
    settings = WalkerSettings(length=40, horizon=30)
    meter = Meter(Walker(settings))
    meter.add_steps(3)
    copy = pickle.loads(pickle.dumps(meter))
    assert (copy.steps, copy.family.settings) == (0, settings)
    task = copy.decode(meter.encode(meter.mutate(meter.origin(), np.random.default_rng(0))))
    np.testing.assert_array_equal(copy.track(task, 0).ground, meter.track(task, 0).ground)
