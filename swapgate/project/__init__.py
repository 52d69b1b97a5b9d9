"""What a person writes: models file, cases, evaluation sets, budgets."""
