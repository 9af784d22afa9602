"""The image build orchestrator: one data file in, proven and published multi-architecture images out."""

__version__ = "0.1.0"
