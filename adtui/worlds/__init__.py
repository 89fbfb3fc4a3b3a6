"""An environment, who acts in it, what it returns."""
