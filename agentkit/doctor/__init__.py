"""Whether an interface can be used: what is set, what its server says, and what to do about it."""

from agentkit.doctor.checks import Check, Verdict
from agentkit.doctor.diagnosis import diagnose

__all__ = ["Check", "Verdict", "diagnose"]
