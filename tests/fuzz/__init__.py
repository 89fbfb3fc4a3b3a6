"""A seeded campaign of damaged and hostile files: each one must open, or be refused with one clear line.

Checkpoints, settings, HDF5 histories and inputs files; histories as the app reads them and as `adtui train` does.

`python -m tests.fuzz --count 10000 --seed 0` runs it from the repository's root; `--help` says the rest.
"""
