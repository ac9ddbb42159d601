// Keeps "4 min ago" true while the page stays open; same words as the server's.
const STEPS = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [86_400, 3600, "h"],
  [Infinity, 86_400, "d"],
];
const EVERY_MS = 20_000;

function say(seconds) {
  if (seconds < 5) return "just now";
  const [, size, unit] = STEPS.find(([limit]) => seconds < limit);
  return `${Math.floor(seconds / size)} ${unit} ago`;
}

function tick() {
  if (document.hidden) return;
  for (const time of document.querySelectorAll("time[datetime][title]")) {
    const age = Math.floor((Date.now() - Date.parse(time.dateTime)) / 1000);
    if (!Number.isNaN(age)) time.textContent = say(Math.max(0, age));
  }
}

export function installTicking() {
  setInterval(tick, EVERY_MS);
  document.addEventListener("visibilitychange", tick);
}
