"""Photos to batches: ``formats`` → ``photos`` → ``selection`` → ``records`` → ``augmentation`` → ``batches``.

``synthesis`` draws photos where there are none.
"""
