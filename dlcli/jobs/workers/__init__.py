"""One training by several processes: who they are, how they meet, who watches over them, and what each does."""
