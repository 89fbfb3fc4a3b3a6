"""The training run over its checkpoints."""
