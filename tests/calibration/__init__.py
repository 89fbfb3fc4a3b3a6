"""How often insights are confirmed and refuted where the answer is known beforehand.

`python -m tests.calibration` from the repository's root prints tables: sets named by chance, planted effects of graded
strength, the same with the other ablations, models that have learnt nothing, moved rewards, and the bundled run with
other seeds. `--help` says the rest; what the numbers mean, and those of the last run, are in docs/validity.md.
"""
