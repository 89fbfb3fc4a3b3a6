"""What a model's head says of its next action: chances of single actions, a Gaussian over numbers, or the numbers."""

from __future__ import annotations

from dataclasses import dataclass

from .ablation import KL, LOGIT

CATEGORICAL, GAUSSIAN, DETERMINISTIC = KINDS = ("categorical", "gaussian", "deterministic")
GAUSSIAN_KL, SQUARED, SHIFT = "KL between Gaussians", "squared distance", "largest shift"
_METRICS = {CATEGORICAL: (KL, LOGIT), GAUSSIAN: (GAUSSIAN_KL, SHIFT), DETERMINISTIC: (SQUARED, SHIFT)}
NATS, SD2 = "nats", "SD²"
"""SD: of each number of the action over the context; see `statistics.distributions`."""


@dataclass(frozen=True)
class ActionHead:
    """What the K outputs at the query mean.

    Attributes:
        kind: one of KINDS. Categorical: logits of the actions; Gaussian: the mean, then the logarithm of the variance,
            of each number of the action, which are independent; deterministic: the numbers themselves.
        size: how many actions there are to choose among, or numbers in one.
    """

    kind: str
    size: int

    @property
    def continuous(self) -> bool:
        """Whether an action is numbers, and none the likeliest of several."""
        return self.kind != CATEGORICAL

    @property
    def outputs(self) -> int:
        """K."""
        return 2 * self.size if self.kind == GAUSSIAN else self.size

    @property
    def metrics(self) -> tuple[str, str]:
        """How far two answers are apart, by name: the divergence, and a second measure that weighs otherwise."""
        return _METRICS[self.kind]

    @property
    def divergence(self) -> str:
        """The name of the divergence."""
        return self.metrics[0]

    @property
    def short(self) -> str:
        """The same for a column's title."""
        return {CATEGORICAL: KL, GAUSSIAN: "Gaussian KL", DETERMINISTIC: "sq. dist."}[self.kind]

    @property
    def unit(self) -> str:
        """Of the divergence."""
        return SD2 if self.kind == DETERMINISTIC else NATS

    @property
    def words(self) -> str:
        """ "5 actions", "Gaussian actions of 4 numbers", "actions of 4 numbers, without a spread"."""
        if self.kind == CATEGORICAL:
            return f"{self.size} actions"
        numbers = f"actions of {self.size} number{'' if self.size == 1 else 's'}"
        return f"Gaussian {numbers}" if self.kind == GAUSSIAN else f"{numbers}, without a spread"

    def measured(self, value: str) -> str:
        """A divergence in words, its value being "0.031": "KL 0.031 nats"."""
        return f"{self.divergence} {value} {self.unit}"


SINGLE = ActionHead(CATEGORICAL, 5)
"""The five actions of the users' rooms."""
