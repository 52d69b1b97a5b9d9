"""What the accepted model said: provenance, golden files, what waits for a review."""
