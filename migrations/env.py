"""Alembic's entry: the caller hands a connection in; models come from the features."""

from alembic import context

import portal.audit.models
import portal.auth.models
import portal.catalog.models
import portal.infra.vault
import portal.infra.work
import portal.ownership.models
import portal.sources.models  # noqa: F401 - importing a room registers its tables
from portal.infra.db import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
