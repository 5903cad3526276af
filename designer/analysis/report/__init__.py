"""Results as text and plain objects: numbers, the printed sheet, the JSON report, tensors."""
