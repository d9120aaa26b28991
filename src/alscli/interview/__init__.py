"""Asking a person for a record."""
