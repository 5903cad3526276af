"""Studies: one question, many trainings, and the answer; without torch and without Qt."""
