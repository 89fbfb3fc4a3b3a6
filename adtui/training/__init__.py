"""Algorithm Distillation training, with or without compressed contexts."""
