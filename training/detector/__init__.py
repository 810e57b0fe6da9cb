"""The model: ``network`` → ``targets`` → ``losses`` for training, ``letterbox`` → ``recognition`` → ``reading`` for use."""
