"""Shapes, costs, receptive fields and problems of a design, without torch."""
