"""What the Django applications share: where settings come from, databases, logs."""
