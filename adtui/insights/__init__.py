"""Statistics → statements, and the tests that they must pass. Numpy only."""
