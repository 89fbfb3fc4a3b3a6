"""The engine process, and that of trials: torch lives here, Textual does not."""
