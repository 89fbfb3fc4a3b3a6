"""What leaves adtui: text, JSON, figures."""
