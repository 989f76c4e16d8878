"""What is TensorFlow's alone: start-up, devices, the engine's loop, random numbers, its failures, the way to ONNX.

The rest speaks Keras and NumPy; two contracts in pyproject.toml and tests/test_architecture.py hold it to that. A
second backend of Keras's would have a folder like this one.
"""
