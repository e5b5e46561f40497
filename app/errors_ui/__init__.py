"""How trouble reaches the user: one hub that everything reports to, and the inline bar that shows it."""

from __future__ import annotations

from app.errors_ui.hub import Problem, ProblemHub, Severity

__all__ = ["Problem", "ProblemHub", "Severity"]
