"""Settings of a machine or a farm: `orchestrator.yaml`, strictly loaded. What is in an image never depends on it."""
