"""Rows as files that other tools read, one module a format."""
