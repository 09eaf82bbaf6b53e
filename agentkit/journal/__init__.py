"""Runs in one SQLite file: every step of a run is written there before the next is taken."""

from __future__ import annotations

from agentkit.journal.store import Journal as Journal
from agentkit.journal.stored import StoredEvent as StoredEvent
from agentkit.journal.stored import StoredRun as StoredRun
