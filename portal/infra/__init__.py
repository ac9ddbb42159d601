"""The outside world: database, clock, logs, queue, metrics. No Flask, no feature."""
