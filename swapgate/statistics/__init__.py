"""Figures of predictions and of times, and what may be concluded from them. Pure."""
