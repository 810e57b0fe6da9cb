"""Starts: versioned, hashed folders of weights that a training begins with, and what makes them.

Modules in the order of the data: `tflite` reads a published network, `folder` writes and reads a start, `make` is the
step that makes one.
"""
