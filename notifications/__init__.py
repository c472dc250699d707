"""Tells managers, outside the dashboard, that a conversation needs a person."""
