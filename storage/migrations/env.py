"""Run by `storage.migrate`, which hands over the open connection."""

from alembic import context

from storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, compare_type=True, render_as_batch=False)
with context.begin_transaction():
    context.run_migrations()
