"""LiteRT, once TensorFlow Lite: a `.tflite` file for small devices. Names TensorFlow, whose converter writes it."""
