"""A planned job becomes a trained model, a History and checkpoints, by Keras's own `fit`.

What a person may change is in the config; what TensorFlow alone can do (the compiled loop) is in `dlcli.backend`.
"""
