"""A compiled model and samples become a trained model, a History and checkpoints."""
