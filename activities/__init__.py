"""The only place where a conversation does I/O: one class for each concern, what it needs by constructor."""
