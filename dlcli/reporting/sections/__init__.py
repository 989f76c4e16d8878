"""The parts of a report, a module each: facts of a run in, a section of the page out."""
