"""Whether what vanished from a source may go: a source that suddenly returns little is suspect."""

from __future__ import annotations

from dataclasses import dataclass

UNDONE = "an undo holds them back"


@dataclass(slots=True)
class RemovalGuard:
    """Counts removals over all repositories of a source against what it had before.

    `had` is how many lasting entities it had; `confirmed` how many somebody agreed to let go.
    """

    had: int
    confirmed: int | None = None
    gone: int = 0

    def ask(self, vanished: int) -> str | None:
        """Return why so many more may not go now, None when they may, which counts them."""
        would_be_gone = self.gone + vanished
        if self.confirmed is not None and would_be_gone <= self.confirmed:
            self.gone = would_be_gone
            return None
        left = self.had - would_be_gone
        if 2 * left < self.had:
            what = "none" if left <= 0 else f"only {left}"
            return f"of {self.had} entities {what} would be left, which may be a mistake"
        self.gone = would_be_gone
        return None
