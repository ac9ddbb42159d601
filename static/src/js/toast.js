// A short message at the edge of the page, read out by screen readers.
const STAYS_MS = 6000;

export function toast(text, tone = "plain") {
  const region = document.getElementById("toasts");
  if (!region) return;
  const line = document.createElement("p");
  line.className = `toast toast--${tone}`;
  line.textContent = text;
  region.append(line);
  setTimeout(() => line.remove(), STAYS_MS);
}
