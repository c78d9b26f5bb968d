"""The queries of the room."""
