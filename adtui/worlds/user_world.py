"""An environment family out of the user's own code, `--world MODULE:FACTORY`: run only because it was named.

FACTORY(task) gives a `gymnasium.Env`, a new one at every call. What it may have besides, as attributes: `train_tasks`
and `test_tasks` (numbers; without them there is task 0, and nobody knows what the model was trained on), `horizon`
(steps of an episode; else what the environment's spec or the run says), and `policy(env)`, which gives a source a
function from observations to actions.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import gymnasium as gym
import numpy as np

from ..records.action_head import CATEGORICAL, DETERMINISTIC, ActionHead
from ..records.arrays import Floats, Values
from ..records.errors import AdtuiError, ConfigError
from ..records.run_settings import RunSettings

OPTION = "--world"
HOW = "docs/vectors.md has an example"
_LONGEST = 300
MAX_TASKS = 100_000
_CELL = 2
T = TypeVar("T")


@dataclass(frozen=True)
class Shape:
    """What the model's states and actions are: numbers of a state, and what is read of an action.

    Attributes:
        state: numbers of a state.
        head: the model's; of a categorical one states are whole numbers.
    """

    state: int
    head: ActionHead

    @property
    def dtype(self) -> type[np.generic]:
        return np.float32 if self.head.continuous else np.int64

    @classmethod
    def of_model(cls, vector_size: int, head: ActionHead) -> Shape:
        """A model's, whose states are vectors of this size, or cells where it is 0."""
        return cls(vector_size or _CELL, head)

    @classmethod
    def of(cls, world: UserWorld) -> Shape:
        """What the environments themselves have; ConfigError where actions are neither vectors nor single ones."""
        environment = world.make(world.measured[0])
        space: Any = environment.action_space
        if isinstance(space, gym.spaces.Discrete):
            head = ActionHead(CATEGORICAL, int(space.n))
        elif isinstance(space, gym.spaces.Box) and len(space.shape) == 1:
            head = ActionHead(DETERMINISTIC, int(space.shape[0]))
        else:
            raise world.wrong("an action space that is Discrete, or a Box of one dimension", f"{space}")
        observation, _ = world.call(environment.reset, "reset()")
        environment.close()
        return cls(np.asarray(observation).size, head)

    def action_of(self, action: Any, world: UserWorld) -> Values:
        """What a source's policy said, as it is stored; ConfigError where it is another kind of thing."""
        values = np.asarray(action, np.float64)
        wanted = (self.head.size,) if self.head.continuous else ()
        if values.shape != wanted or not np.isfinite(values).all():
            raise world.wrong(f"actions of shape {wanted} from its policy", f"shape {values.shape}", "correct it there")
        return values.astype(self.dtype)

    def state_of(self, observation: Any, world: UserWorld) -> Values:
        """An observation as the model takes it; ConfigError where it is another kind of thing."""
        values = np.asarray(observation, dtype=np.float64).ravel()
        if values.size != self.state or not np.isfinite(values).all():
            raise world.wrong(
                f"observations of {self.state} finite numbers, as the model takes",
                f"{values.size}" if values.size != self.state else "others",
                "let an ObservationWrapper of yours make them",
            )
        return values.astype(self.dtype)


class UserWorld:
    """A factory of environments and its tasks.

    Args:
        named: MODULE:FACTORY; the module is found as Python would from here, or is a file, `PATH.py:FACTORY`.

    Attributes:
        name: as it was named.
        train, test: its tasks.
        told: whether the factory says which tasks are which.

    Raises:
        ConfigError: no such module or factory, or its code fails; one line that says where.
    """

    def __init__(self, named: str) -> None:
        self.name = named
        place, colon, factory = named.rpartition(":")
        if not colon or not place or not factory.isidentifier():
            raise ConfigError(OPTION, expected="MODULE:FACTORY", found=named, action=HOW)
        module = self.call(lambda: _module(place), f"importing {place}")
        self.factory: Any = getattr(module, factory, None)
        if not callable(self.factory):
            found = "no such name" if self.factory is None else f"a {type(self.factory).__name__}"
            raise self.wrong(f"a factory {factory}(task) in {place}", found)
        train, test = (self._tasks(name) for name in ("train_tasks", "test_tasks"))
        self.told = bool(train or test)
        self.train, self.test = (train, test) if self.told else ((0,), ())

    def __repr__(self) -> str:
        return self.name

    @property
    def measured(self) -> tuple[int, ...]:
        """The tasks to act in: those for testing, where there are some."""
        return self.test or self.train

    @property
    def words(self) -> str:
        """What these tasks are called."""
        if self.test:
            return "test tasks"
        return "training tasks" if self.told else "its task"

    @property
    def policy(self) -> Callable[[gym.Env[Any, Any]], Callable[[Any], Any]] | None:
        """What makes a source's policy for an environment; None where the factory has none."""
        found: Callable[[gym.Env[Any, Any]], Callable[[Any], Any]] | None = getattr(self.factory, "policy", None)
        return found

    def make(self, task: int) -> gym.Env[Any, Any]:
        """A new environment of a task.

        Raises:
            ConfigError: the user's code fails, or gives something else.
        """
        made = self.call(lambda: self.factory(task), f"{self.name}({task})")
        if not (hasattr(made, "reset") and hasattr(made, "step") and hasattr(made, "action_space")):
            raise self.wrong("a gymnasium.Env for each task", f"a {type(made).__name__}")
        environment: gym.Env[Any, Any] = made
        return environment

    def check(self, shape: Shape) -> int:
        """The horizon that the factory or its environments say, 0 where they don't; and that actions fit.

        Raises:
            ConfigError: the model's actions are others than the environment's.
        """
        environment = self.make(self.measured[0])
        space = environment.action_space
        if shape.head.continuous:
            fits, wanted = isinstance(space, gym.spaces.Box) and space.shape == (shape.head.size,), "a Box of"
        else:
            fits, wanted = isinstance(space, gym.spaces.Discrete) and int(space.n) == shape.head.size, "Discrete,"
        if not fits:
            raise self.wrong(f"an action space that is {wanted} {shape.head.size}, as the model acts", f"{space}")
        observation, _ = self.call(environment.reset, "reset()")
        shape.state_of(observation, self)
        spec = getattr(environment, "spec", None)
        said = getattr(self.factory, "horizon", None) or getattr(spec, "max_episode_steps", None) or 0
        environment.close()
        if not isinstance(said, int | np.integer) or said < 0:
            raise self.wrong("a horizon that is a positive whole number", f"{said!r:.40}")
        return int(said)

    def call(self, work: Callable[[], T], about: str) -> T:
        """What the user's code gives; its exceptions become one line."""
        try:
            with _beside():
                return work()
        except AdtuiError:
            raise
        except (Exception, SystemExit) as error:
            words = " ".join(str(error).split())[:_LONGEST]
            found = type(error).__name__ + (f": {words}" if words else "")
            raise self.wrong(f"code that runs ({about})", found, "correct it there") from error

    def wrong(self, expected: str, found: str, action: str = HOW) -> ConfigError:
        """The error of a world that cannot be used."""
        return ConfigError(f"{OPTION} {self.name}", expected=expected, found=found, action=action)

    def _tasks(self, name: str) -> tuple[int, ...]:
        given = getattr(self.factory, name, ())
        tasks = self.call(lambda: [*given][: MAX_TASKS + 1], name)
        if len(tasks) > MAX_TASKS or not all(isinstance(task, int | np.integer) and task >= 0 for task in tasks):
            raise self.wrong(
                f"{name} of at most {MAX_TASKS} numbers from 0", f"{len(tasks)} values", "correct it there"
            )
        return tuple(int(task) for task in tasks)


def horizon_in(world: UserWorld, shape: Shape, settings: RunSettings) -> int:
    """Steps of an episode: what the world says, else the run's.

    Raises:
        ConfigError: neither says so, or the world does not fit the model.
    """
    horizon = world.check(shape) or settings.horizon
    if not horizon:
        raise world.wrong("a horizon", "none, nor in the run's config", "give the factory one: FACTORY.horizon = …")
    return horizon


def clipped(environment: gym.Env[Any, Any], action: Values) -> Any:
    """An action as the environment takes it: within its bounds, of its type."""
    space = environment.action_space
    if isinstance(space, gym.spaces.Box):
        return np.clip(action, space.low, space.high).astype(space.dtype)
    return int(action)


def drawn(environment: gym.Env[Any, Any], rng: np.random.Generator) -> Floats:
    """A uniformly random action of a Box; within ±1 where it has no bounds."""
    space: Any = environment.action_space
    low, high = (np.where(np.isfinite(end), end, sign) for end, sign in ((space.low, -1.0), (space.high, 1.0)))
    return np.asarray(rng.uniform(low, high), np.float32)


def _module(place: str) -> object:
    """A file's module, or one that Python finds."""
    if not place.endswith(".py"):
        return importlib.import_module(place)
    path = Path(place).absolute()
    spec = importlib.util.spec_from_file_location(f"adtui_world_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickles look for it there
    spec.loader.exec_module(module)
    return module


@contextmanager
def _beside() -> Iterator[None]:
    """Within, imports look in the working directory too, behind all others; what is printed goes to standard error."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    with redirect_stdout(sys.stderr):
        yield
