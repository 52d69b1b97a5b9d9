"""What git knows of a change, and a change judged by the commit before it."""
