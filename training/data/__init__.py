"""Photos to batches.

``formats`` → ``photos`` → ``selection`` → ``records`` → ``augmentation``, ``symmetry``, ``pixels`` → ``batches``.
``sources`` joins several sets of photos, ``check`` looks for what is odd about one, ``cropping`` cuts photos to their
numbers. ``synthesis`` draws photos where there are none: ``lettering``, of fonts or ``segments``, and ``clutter`` on
``scenery``.
"""
