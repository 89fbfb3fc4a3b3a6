"""Checkpoint → model; `families` has one file a family."""
