"""A scripted model, for the tests of whoever builds on agentkit."""

from __future__ import annotations

from agentkit.testing.replies import Reply as Reply
from agentkit.testing.replies import call as call
from agentkit.testing.rules import Match as Match
from agentkit.testing.rules import Rule as Rule
from agentkit.testing.scripted import ScriptedInterface as ScriptedInterface
