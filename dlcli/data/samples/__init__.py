"""Samples, all that training asks of data (`samples.py`): arrays that were encoded are one kind of them, parts another.

They are kept in memory or in the cache, and handed out in batches. Nothing here knows TensorFlow or Keras.
"""
