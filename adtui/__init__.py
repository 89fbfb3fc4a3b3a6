"""adtui: see in a terminal what an Algorithm Distillation model attends to, and what its context can lose."""

__version__ = "0.2.0"
