"""Records on disk: finding, reading, locating, laying out, editing, comparing and writing them."""
