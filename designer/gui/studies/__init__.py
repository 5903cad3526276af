"""The Studies dock: questions, their trainings, and their answers."""
