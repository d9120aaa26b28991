"""alscli keeps a register of ALS therapy trials in a directory of TOML files under git."""

__version__ = "0.1.0"
