"""The model: ``network``, ``targets``, ``losses`` train it; ``letterbox``, ``recognition``, ``reading`` use it."""
