"""Model and sample → attention, pictures of it, knock-outs."""
