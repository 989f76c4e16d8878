"""Where a study is kept, and whose trial is whose: in the folder of the sweep, or in a database."""
