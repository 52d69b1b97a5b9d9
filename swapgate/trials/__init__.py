"""A model under test, and the plan of a run."""
