"""A config from its file to `Config`: read, inherited, overridden, validated, checked; all faults at once."""
