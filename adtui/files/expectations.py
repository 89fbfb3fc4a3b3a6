"""A user's file of what must hold of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from ..records.errors import ConfigError
from .settings import Settings, load_settings

MOST = 1000
"""Expectations of one file."""
Plain = bool | int | float | str | None


class Expectation(Settings):
    """One entry: a claim about attention, or a number or word of a report."""

    claim: str | None = Field(None, description="a kind of insight, such as reward-seeking")
    where: str = Field("anywhere", description="anywhere, model, any layer, any head, L2 or L2H1")
    phase: Literal["", "explore", "first reward", "exploit", "any"] = ""
    status: Literal["observed", "confirmed", "refuted", "not observed"] = "observed"
    number: str | None = Field(None, description="a dotted name, such as heads.plain.L2H1.entropy_norm")
    at_least: float | None = None
    at_most: float | None = None
    equals: Plain = None
    tolerance: float = Field(0.0, ge=0)
    surely: bool = Field(False, description="of the whole 95 % interval")

    @model_validator(mode="after")
    def _one_thing(self) -> Expectation:
        given = self.model_fields_set
        if (self.claim is None) == (self.number is None):
            raise ValueError("either claim or number")
        of_claims, of_numbers = {"where", "phase", "status"}, {"at_least", "at_most", "equals", "tolerance", "surely"}
        mixed = sorted(given & (of_numbers if self.number is None else of_claims))
        if mixed:
            raise ValueError(f"no {mixed[0]} beside {'claim' if self.number is None else 'number'}")
        if self.number is not None and not given & {"at_least", "at_most", "equals"}:
            raise ValueError("at_least, at_most or equals beside number")
        if "equals" in given and given & {"at_least", "at_most", "surely"}:
            raise ValueError("equals alone, or bounds")
        return self


class Expectations(Settings):
    """The file."""

    expect: list[Expectation] = Field(min_length=1, max_length=MOST)


def load_expectations(path: Path) -> list[Expectation]:
    """The entries of a YAML file.

    Raises:
        ConfigError: it cannot be read, or an entry is not one of what may be expected.
    """
    if not path.is_file():
        found = "a directory" if path.is_dir() else "nothing"
        raise ConfigError(path, expected="a YAML file of expectations", found=found, action="check the path")
    return load_settings(path, Expectations).expect
