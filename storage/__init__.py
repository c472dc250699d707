"""Everything that is kept: SQLAlchemy Core over SQLite or PostgreSQL. No other package knows SQL."""
