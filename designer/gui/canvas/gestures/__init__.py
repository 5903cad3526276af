"""What the hand does on the canvas: one object for each gesture, one step of undo for each edit."""
