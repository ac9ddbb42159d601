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
    refusal: str | None = None

    def expect(self, together: int) -> None:
        """Say beforehand how many go together: where all of them may not, none of them goes."""
        self.refusal = self._judge(self.gone + together)

    def ask(self, vanished: int) -> str | None:
        """Return why so many more may not go now, None when they may, which counts them."""
        would_be_gone = self.gone + vanished
        reason = self.refusal or self._judge(would_be_gone)
        if reason is None:
            self.gone = would_be_gone
        return reason

    def _judge(self, gone: int) -> str | None:
        left = self.had - gone
        if 2 * left >= self.had or (self.confirmed is not None and gone <= self.confirmed):
            return None
        what = "none" if left <= 0 else f"only {left}"
        return f"of {self.had} entities {what} would be left, which may be a mistake"
