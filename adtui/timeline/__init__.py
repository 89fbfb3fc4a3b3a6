"""A training run, checkpoint by checkpoint: what each head does on the same contexts, and when it began to.

What a checkpoint gives is kept in the user's cache, by its file; `runner` measures what is not there.
"""
