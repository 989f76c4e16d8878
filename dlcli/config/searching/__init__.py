"""The `sweep` section against the config that it changes: each path, each value at the ends of its range."""
