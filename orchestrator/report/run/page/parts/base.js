"use strict";
// Elements are made of names and text only: nothing here turns text into HTML, and the page's policy forbids it.

const byId = (id) => document.getElementById(id);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child || child === 0) element.append(child);
  }
  return element;
}

const h = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
const s = (name, attributes, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
const icon = (name) => s("svg", { class: `icon state-${name}`, "aria-hidden": "true" }, s("use", { href: `#i-${name}` }));
const quiet = (...children) => h("span", { class: "quiet" }, ...children);

const parsed = new Map();

// A document of the page's data; large ones are read when they are wanted.
function data(name) {
  if (!parsed.has(name)) parsed.set(name, JSON.parse(byId(`data-${name}`).textContent));
  return parsed.get(name);
}

function say(text) {
  byId("said").textContent = text;
}

async function copy(button) {
  const text = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure context or permission (file:, old browsers) there is still the selection.
    const area = h("textarea", { class: "unseen", readonly: true, "aria-hidden": "true" });
    area.value = text;
    (button.closest("dialog") || document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.focus();
  }
  const before = [...button.childNodes];
  button.replaceChildren("Copied");
  say("Copied");
  setTimeout(() => button.replaceChildren(...before), 1500);
}

const copier = (text, what) => h("button", { type: "button", class: "copy", "data-copy": text }, "Copy", h("span", { class: "unseen" }, ` ${what}`));

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

function showTip(text, at) {
  const tip = byId("tip");
  const host = document.querySelector("dialog[open]") || document.body;
  if (tip.parentNode !== host) host.append(tip);
  tip.textContent = text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const left = Math.min(Math.max(8, at.x), innerWidth - box.width - 8);
  const top = at.y + box.height + 8 > innerHeight ? at.above - box.height - 6 : at.y;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${Math.max(8, top)}px`;
}

const hideTip = () => { byId("tip").hidden = true; };

// Shows what an element says of itself in `data-tip` to pointer and keyboard alike.
function withTips(container) {
  const show = (event) => {
    const target = event.target.closest("[data-tip]");
    if (!target) return hideTip();
    const box = target.getBoundingClientRect();
    const x = event.clientX === undefined ? box.left : event.clientX;
    showTip(target.dataset.tip, { x, y: box.bottom + 6, above: box.top });
  };
  container.addEventListener("pointerover", show);
  container.addEventListener("focusin", show);
  container.addEventListener("pointerleave", hideTip);
  container.addEventListener("focusout", hideTip);
}
