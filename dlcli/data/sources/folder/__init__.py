"""A folder of files: a row for each file in it or below, by its `path`, `name` and `folder`."""
