"""What is known of an open run."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .action_head import CATEGORICAL, ActionHead
from .answer import KnownTrials
from .circuit import KnownCircuit
from .layout import Layout
from .run_settings import RunSettings
from .sample import Sample


@dataclass(frozen=True)
class CompressorInfo:
    """A compressor: an attention model of its own, run in rounds, whose latent tokens stand for the oldest transitions.

    Attributes:
        n_layer, n_head: its own sizes.
        n_latents: m, the latent tokens that every round makes.
        rounds: per sample, one layout for each round: the keys that the latents attend to in that round, which are the
            latents of the round before and the tokens of some transitions.
    """

    n_layer: int
    n_head: int
    n_latents: int
    rounds: tuple[tuple[Layout, ...], ...]


@dataclass(frozen=True)
class MoreSamples:
    """Samples that an open run gets beside those it has.

    Attributes:
        samples, layouts: see `RunInfo`.
        rounds: see `CompressorInfo`; () where the model has none.
    """

    samples: tuple[Sample, ...]
    layouts: tuple[Layout, ...]
    rounds: tuple[tuple[Layout, ...], ...] = ()


@dataclass(frozen=True)
class RunInfo:
    """What the app shows of an opened run.

    Attributes:
        name: the run directory's name.
        path: the checkpoint file.
        step: training step of the checkpoint.
        family: model family ("encoder", …) with its variant in words, e.g. "encoder · pre-norm · causal".
        device: "cpu", "cuda:0", …
        n_actions: how many actions there are to choose among, or numbers in one.
        n_context_max: the longest context that the model takes, in transitions.
        parameters: number of weights.
        samples: the contexts on display.
        source: where the samples come from, in words.
        seed: what the samples were drawn with; None where nothing was drawn.
        logit_gap: largest difference between captured and plain logits, on the first sample.
        settings: what the run says of itself, and where.
        notes: things the user should know (overridden head count, missing histories, …).
        layouts: what each token of each sample stands for, in the order of `samples`; empty when every sample has one
            token per transition, then the query.
        compressor: the attention that made latent tokens out of the oldest transitions, or None.
        flow_steps, flow_step: of a flow, how many steps it has, and the one whose pass is on display; 0 is the prior's.
        circuit: what is stored of the run's circuit; None where nothing is, or where nobody looked.
        trials: what stored compression trials say of these weights; likewise.
        head: what the model says of an action; None is chances of `n_actions` single ones.
    """

    name: str
    path: str
    step: int
    family: str
    device: str
    n_layer: int
    n_head: int
    d_model: int
    n_actions: int
    n_context_max: int
    parameters: int
    samples: tuple[Sample, ...]
    source: str
    logit_gap: float
    settings: RunSettings
    notes: tuple[str, ...] = ()
    layouts: tuple[Layout, ...] = ()
    compressor: CompressorInfo | None = None
    seed: int | None = None
    circuit: KnownCircuit | None = None
    trials: KnownTrials | None = None
    flow_steps: int = 0
    flow_step: int = 0
    head: ActionHead | None = None

    @property
    def acts(self) -> ActionHead:
        """What the model says of an action."""
        return self.head or ActionHead(CATEGORICAL, self.n_actions)

    def grown(self, more: MoreSamples) -> RunInfo:
        """With more samples after those that it has."""
        memory = self.compressor
        return replace(
            self,
            samples=self.samples + more.samples,
            layouts=self.layouts + more.layouts,
            compressor=memory and replace(memory, rounds=memory.rounds + more.rounds),
        )

    def first(self, count: int) -> RunInfo:
        """With the first samples only."""
        memory = self.compressor
        return replace(
            self,
            samples=self.samples[:count],
            layouts=self.layouts[:count],
            compressor=memory and replace(memory, rounds=memory.rounds[:count]),
        )

    def layout(self, sample: int) -> Layout:
        """What the tokens of a sample stand for."""
        return self.layouts[sample] if self.layouts else Layout.plain(self.samples[sample].n_context)
