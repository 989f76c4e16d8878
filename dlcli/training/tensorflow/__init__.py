"""What is TensorFlow's alone: the compiled loop of training steps, and its random numbers."""
