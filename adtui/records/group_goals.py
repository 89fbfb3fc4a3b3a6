"""Which goals the groups of a file of histories hold, where that is not what their numbers say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

SHUFFLED, OTHER, SILENT, UNREADABLE = "shuffled", "other", "silent", "unreadable"


@dataclass(frozen=True)
class GroupGoals:
    """What the data of a file say of the goals in its groups.

    Attributes:
        file: the file's name.
        order: SHUFFLED, group i holds goal i of the list that `seed` shuffles, as some collectors number them; OTHER,
            neither that nor goal i; SILENT, no rewards say anything; UNREADABLE, nothing could be seen.
        seed: of the shuffle, `env_split_seed`.
        goals: group → goal, for the groups whose goal is known.
        noun, by: what a group holds in its world, and what of the data shows it.
        why: why nothing could be seen; "" where that is not known.
    """

    file: str
    order: str
    seed: int
    goals: dict[int, int] = field(default_factory=dict)
    noun: str = "goal"
    by: str = "rewards"
    why: str = ""

    @property
    def contradicted(self) -> bool:
        """Whether the data say that group i is not goal i; else they only do not confirm it."""
        return self.order in (SHUFFLED, OTHER)

    @property
    def test_goals(self) -> str:
        """What to call the goals of the groups on the test side of the split by number."""
        return "goals of the test groups" if self.contradicted else "goals assumed held out"

    @property
    def doubt(self) -> str:
        """What a user should know, in a line."""
        if self.order == SILENT:
            return f"no reward in {self.file} shows a goal: that group i holds goal i is assumed"
        if self.order == UNREADABLE:
            why = f" ({self.why})" if self.why else ""
            return f"{self.file} cannot be read{why}: that group i of the run's histories held goal i is assumed"
        if self.order == SHUFFLED:
            lie = "lie where the goals" if self.noun == "goal" else f"are as the {self.noun}s"
            how = f"the {self.by} {lie} shuffled by env_split_seed {self.seed} put them"
        elif self.goals:
            how = f"the {self.noun}s are those that the {self.by} show"
        else:
            how = f"its {self.by} show no {self.noun} of any group"
        return (
            f"group i of {self.file} does not hold {self.noun} i: {how}. The run's split numbers groups: "
            f"which {self.noun}s the model was trained on is not known"
        )

    def of(self, groups: Iterable[int]) -> tuple[int, ...]:
        """The goals of some groups, each once; groups whose goal is not known are left out."""
        if not self.contradicted:
            return tuple(groups)
        return tuple(dict.fromkeys(self.goals[group] for group in groups if group in self.goals))
