"""What is fitted on the training rows and turns rows into what a model takes, and back."""
