"""Runs recorded in a file, to be run again without the network."""

from __future__ import annotations

from agentkit.replay.replay import Mode as Mode
from agentkit.replay.replay import Replay as Replay
