"""Learning histories: where they lie, how they are read, which become samples."""
