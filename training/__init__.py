"""Runs in the training image: labelled photos in, a trained detector as a SavedModel out.

A photo's way through the modules: ``data.formats`` reads its label, ``data.records`` packs it,
``data.augmentation`` and ``data.batches`` feed it to ``train``; ``evaluation`` judges the checkpoint
and ``export`` turns it into the SavedModel that conversion starts from.
"""
