"""Teams, membership, and who answers for what."""
