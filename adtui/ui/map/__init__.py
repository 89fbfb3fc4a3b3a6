"""Attention painted on the world itself; the context can be stepped through, played on and edited."""
