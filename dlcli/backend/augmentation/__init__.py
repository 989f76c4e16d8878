"""What changes batches before the training step sees them, as operations of TensorFlow."""
