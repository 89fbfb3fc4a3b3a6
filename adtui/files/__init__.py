"""The users' files found and read within bounds, never executed; ours written whole or not at all."""
