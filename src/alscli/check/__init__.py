"""Findings: what is wrong with a record, where, and how to mend it."""
