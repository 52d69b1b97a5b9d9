"""Which weights a row names and how they come into memory."""
