// Runs before the first paint: marks the page as scripted and puts the chosen colours back.
const root = document.documentElement;
root.classList.add("js");
try {
  const saved = localStorage.getItem("theme");
  if (saved === "light" || saved === "dark") root.dataset.theme = saved;
} catch {
  // Storage is closed: the system's colours are right.
}
