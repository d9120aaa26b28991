"""Records, rows and changes as text for people."""
