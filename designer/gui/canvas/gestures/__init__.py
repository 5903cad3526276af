"""What hands do on the canvas: one object for each gesture, one step of the history at its end."""
