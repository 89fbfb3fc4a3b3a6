"""One file a family of checkpoints: how it is recognised, how its network is built."""
