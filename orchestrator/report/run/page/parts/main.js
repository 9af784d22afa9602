// What happens when: the grid at once, the charts when the rest of the page has been read and there is time.

const themes = { auto: "System theme", light: "Light", dark: "Dark" };

function startTheme() {
  const button = byId("theme"), root = document.documentElement;
  const show = () => {
    const said = themes[root.dataset.theme] || themes.auto;
    button.querySelector("span").textContent = said;
    button.title = `Theme: ${said}`;
    button.setAttribute("aria-label", `Theme: ${said}`);
  };
  button.addEventListener("click", () => {
    const names = Object.keys(themes);
    root.dataset.theme = names[(names.indexOf(root.dataset.theme) + 1) % names.length];
    try { localStorage.setItem("orchestrator-theme", root.dataset.theme); } catch { /* not remembered, then */ }
    show();
    say(button.title);
  });
  show();
}

// Numbers of the first screen lead to the cells that they count.
function startLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-filter]");
    if (!link) return;
    for (const button of document.querySelectorAll("#controls [data-key]")) {
      const wantedNow = button.dataset.key === link.dataset.filter;
      if (states.some((state) => state.key === button.dataset.key) && (button.getAttribute("aria-pressed") === "true") !== wantedNow) button.click();
    }
  });
}

function startKeys(search) {
  const keys = byId("keys");
  byId("keys-open").addEventListener("click", () => keys.showModal());
  keys.querySelector(".close").addEventListener("click", () => keys.close());
  keys.addEventListener("click", (event) => { if (event.target === keys) keys.close(); });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, textarea")) {
      if (event.key === "Escape" && event.target === search) search.blur();
      return;
    }
    if (event.key === "?" && !keys.open) keys.showModal();
    else if (event.key === "/" && !document.querySelector("dialog[open]")) search.focus();
    else return;
    event.preventDefault();
  });
}

for (const one of document.querySelectorAll(".scripted")) one.hidden = false;
// Shown when there is something in them.
for (const id of ["chart", "trends"]) byId(id).hidden = true;
localise();
startTheme();
startKeys(controls(drawGrid));
startGrid();
startLinks();
drawGrid();
document.documentElement.dataset.ready = "grid";
performance.mark("grid");

document.addEventListener("DOMContentLoaded", () => {
  startDetails();
  const later = window.requestIdleCallback || ((act) => setTimeout(act, 50));
  later(() => {
    runTrends();
    startGantt();
    document.documentElement.dataset.ready = "all";
  });
});

addEventListener("beforeprint", () => {
  // Paper does not scroll.
  for (const one of document.querySelectorAll("#publishing details")) one.open = true;
});
