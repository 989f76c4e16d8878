"""What people write out of habit, from other tools or in other notations, and what it is called here."""
