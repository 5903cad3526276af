"""What both sides of the process boundary share: recipe, run folder, events, control."""
