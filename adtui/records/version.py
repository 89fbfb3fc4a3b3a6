"""The version: what reports say that they were written by."""

__version__ = "0.2.0"
