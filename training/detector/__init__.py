"""The model.

``network``, ``targets``, ``losses`` train it; ``letterbox``, ``looks``, ``recognition``, ``reading`` use it.
"""
