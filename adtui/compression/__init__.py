"""Which transitions of a context stay (strategies), and what that costs (trials)."""
