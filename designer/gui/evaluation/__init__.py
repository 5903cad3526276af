"""The Evaluation dock: how a trained network did on data that it was not trained on."""
