"""TensorFlow's SavedModel: a directory, for TensorFlow and TensorFlow Serving. Names TensorFlow, as few places do."""
