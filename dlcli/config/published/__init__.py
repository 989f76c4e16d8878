"""What is generated from the language: the reference pages and the JSON Schema for editors."""
