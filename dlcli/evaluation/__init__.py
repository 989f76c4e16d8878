"""How good a trained model is: its compiled metrics and a report for each target."""
