"""What would train, and is not meant: lint, and what callbacks want of a History. A new rule goes here."""
