"""How good a model is on an evaluation set, and whether a candidate is at most a margin worse than its incumbent."""
