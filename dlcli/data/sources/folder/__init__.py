"""A folder of files: a row for each file in it or below, or for each folder, by its `path`, `name` and `folder`."""
