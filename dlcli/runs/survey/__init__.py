"""Many runs looked at: found in folders, listed, compared and cleared away. Loads no tables and no schema."""
