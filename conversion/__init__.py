"""Runs in the converter image: a SavedModel in, a web model that was compared with it out.

A model's way through the modules: ``saved_model`` loads it, ``topology`` cuts and orders its graph,
``graph`` writes that for TensorFlow.js, ``manifest`` says what the page needs to know of it,
``gate`` runs both on the same ``photos`` (the graph in ``web_runtime``, which is Node with the very
code the browser runs), and ``convert`` ties them. ``predict`` writes down what a web model says of
photos. Knows SavedModels and graph models, not how they were trained.
"""
