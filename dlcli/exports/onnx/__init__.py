"""ONNX: a `.onnx` file with its description inside, for ONNX Runtime and others."""
