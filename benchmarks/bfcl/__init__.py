"""Scores models by the rules of the Berkeley Function-Calling Leaderboard."""
