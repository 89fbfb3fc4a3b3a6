"""All private use of Textual and of the terminal: drawing only what changed, signals, the shadow of the screen."""
