"""Circuits: the fewest heads found that keep what the model does, while the others give what they give on average.

contexts → means → proxy → search, a set for every size; then trial, which tests one of them. `runner.run` does all.
"""
