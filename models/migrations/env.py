"""Alembic's entry: migrations run on a connection that the caller hands in."""

from alembic import context
from geoalchemy2 import alembic_helpers

from models.tables import metadata


def run_migrations() -> None:
    """Run on the connection given in ``config.attributes``."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        include_object=alembic_helpers.include_object,
        process_revision_directives=alembic_helpers.writer,
        render_item=alembic_helpers.render_item,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run_migrations()
