"""What a run directory gives: a trained model that applies to rows, by Keras or by ONNX Runtime."""
