"""What of mine needs me now."""
