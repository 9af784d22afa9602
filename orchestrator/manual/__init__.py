"""The manual, from what --help, the loaders and the catalogues say themselves: man pages, Markdown, and a site with the recipes of docs/."""
