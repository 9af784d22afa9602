"""The gate before native tools: what they compile, link and write is what is compiled, linked and written without them, or they are not used."""
