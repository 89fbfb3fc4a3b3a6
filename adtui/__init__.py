"""adtui: see in a terminal what an Algorithm Distillation model attends to, and what its context can lose."""

__version__ = "0.1.0"
