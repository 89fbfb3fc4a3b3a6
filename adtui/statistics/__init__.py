"""One sample → numbers per head; intervals and tests over samples. Numpy only."""
