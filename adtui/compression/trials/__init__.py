"""Compression trials: full against shortened contexts, open loop and closed loop, and what may be concluded.

plan → cell (open_loop, closed_loop) → summary → gate; `runner.run` does all of it.
"""
