"""Programs that the server starts beside itself, so that no file can harm it: `python -m`, one JSON document out."""
