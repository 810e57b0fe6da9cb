"""Photos to batches: ``formats`` → ``selection`` (labels on their own) or ``records`` → ``augmentation`` → ``batches``."""
