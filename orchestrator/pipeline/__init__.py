"""The stages joined: prepare (engine, emulators, bases, inputs), then build and prove cell by cell, then publish image by image."""
