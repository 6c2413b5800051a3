"""What a person can ask of a workspace: one module per verb."""
