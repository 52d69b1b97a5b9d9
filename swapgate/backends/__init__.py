"""From a row to something that predicts, one file a backend."""
