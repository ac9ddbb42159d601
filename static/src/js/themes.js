// The theme switch: system, light or dark; the choice stays in this browser.
const root = document.documentElement;

function show() {
  const chosen = root.dataset.theme ?? "system";
  for (const button of document.querySelectorAll("[data-set-theme]")) {
    button.setAttribute("aria-pressed", String(button.dataset.setTheme === chosen));
  }
}

function choose(theme) {
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem("theme");
    else localStorage.setItem("theme", theme);
  } catch {
    // Storage is closed: the choice lasts as long as the page.
  }
  show();
}

export function installThemeSwitch() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-set-theme]");
    if (button) choose(button.dataset.setTheme);
  });
  document.addEventListener("htmx:after:swap", show);
  window.addEventListener("storage", (event) => {
    if (event.key === "theme") choose(event.newValue ?? "system");
  });
  show();
}
