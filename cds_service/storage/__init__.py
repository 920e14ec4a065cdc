"""What the service keeps: calls, cards shown and the feedback on them. No name, no patient id, no token."""
