"""What a person sees while a command works, and when it has ended; `console` is the only printer."""
