"""Figures of an evaluation, each formula once: numpy arrays in, numbers and small arrays out.

- `designer.metrics.probabilities`: probabilities from what a network puts out.
- `designer.metrics.scores`: confusion matrix, accuracy, top-k, precision, recall and F1 of each
  class or label and their averages, cost.
- `designer.metrics.curves`: precision-recall and ROC curves, their areas, the break-even point.
- `designer.metrics.calibration`: whether probabilities are as high as the network is right.
- `designer.metrics.regression`: errors of predicted numbers.

Engine, window, command line and reports all take their figures from here. A figure that is not
defined for the data, such as the recall of a class without images, is NaN, never a guess.
"""
