"""A seeded campaign of faults: signals, dropped lines, killed engines, full disks, a device without memory.

After each the terminal must be as it was, no process may be left, no file half-written, and where the app can go on it
must say what happened and go on. `python -m tests.faults --count 100` from the repository's root prints the table.
"""
