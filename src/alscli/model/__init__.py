"""What a record is: its fields, their values, terms and identifiers, and what is computed from them."""
