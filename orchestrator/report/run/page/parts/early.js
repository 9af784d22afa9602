// The remembered theme, before anything is drawn. A file: page may have no storage.
try { document.documentElement.dataset.theme = localStorage.getItem("orchestrator-theme") || "auto"; } catch { document.documentElement.dataset.theme = "auto"; }
