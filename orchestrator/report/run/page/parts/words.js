// How spans of time, sizes and moments are written.

const units = [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]];

function sized(bytes) {
  for (const [unit, one] of units) {
    if (bytes >= one) return `${(bytes / one).toFixed(bytes / one >= 100 ? 0 : 1)} ${unit}`;
  }
  return bytes ? `${bytes} B` : "";
}

function spoken(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

// To the minute where seconds say nothing any more.
const roughly = (seconds) => (seconds >= 600 && seconds < 3600 ? `${Math.round(seconds / 60)} min` : spoken(seconds));

const brief = (seconds) => (seconds > 0 && seconds < 10 ? `${seconds.toFixed(1)} s` : spoken(seconds));

function aged(seconds) {
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

const longForm = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
const dayForm = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const clockForm = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const exactForm = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

const dated = (second, form = longForm) => form.format(new Date(second * 1000));
const inUtc = (second) => `${new Date(second * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
const time = (second, text) => h("time", { datetime: new Date(second * 1000).toISOString(), title: inUtc(second) }, text || dated(second));

// Moments that the page was written with are in UTC.
function localise() {
  for (const one of document.querySelectorAll("time[datetime]")) one.textContent = longForm.format(new Date(one.dateTime));
}
