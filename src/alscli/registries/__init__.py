"""What registries say: payloads read into draft trials, planned, kept in step and compared."""
