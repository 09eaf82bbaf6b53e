"""The tables that durable runs have beside those of DBOS."""

from __future__ import annotations

import sqlalchemy as sa

SCHEMA = "3.4-2"
"""The minor of DBOS whose tables they are, and the number of these."""

metadata = sa.MetaData()

schema = sa.Table("agentkit_schema", metadata, sa.Column("version", sa.Text, nullable=False))
"""One row: which tables there are."""

decisions = sa.Table(
    "agentkit_decisions",
    metadata,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("place", sa.Text, primary_key=True),  # which call, and the how manyth decision on it
    sa.Column("kind", sa.Text, nullable=False),  # approve, deny, answer, cancel
    sa.Column("decision", sa.Text, nullable=False),  # JSON
    sa.Column("seen", sa.Boolean, nullable=False, default=False),
    sa.Column("at", sa.Float, nullable=False),  # seconds since 1970
)
"""What people decided on calls that wait; the first decision on a call holds."""

limits = sa.Table(
    "agentkit_limits",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),  # a digest of address, key and model
    sa.Column("name", sa.Text, nullable=False),  # for people
    sa.Column("state", sa.Text, nullable=False),  # JSON; see window
)
"""What all workers sent to a server in the last minute, a row for each key and model."""
