"""The one projection of records into rows, and questions asked of it."""
