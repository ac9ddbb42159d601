// The palette (Ctrl or ⌘ and K) and the list of shortcuts (?).
const TYPING = "input, textarea, select, [contenteditable]";

function open(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  dialog.showModal();
  const field = dialog.querySelector("input");
  field?.focus();
  field?.select();
}

function narrow(input) {
  const words = input.value.trim().toLowerCase();
  for (const list of document.querySelectorAll(`[data-filtered-by="${input.id}"]`)) {
    for (const link of list.querySelectorAll("a")) {
      link.hidden = !link.textContent.toLowerCase().includes(words);
    }
    list.hidden = words !== "" && !list.querySelector("a:not([hidden])");
  }
}

export function installDialogs() {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open("palette");
    } else if (event.key === "?" && !event.target.closest?.(TYPING)) {
      open("shortcuts");
    } else if (event.key === "Escape" && !event.isComposing) {
      // A search field would take the first Escape to empty itself.
      const palette = event.target.closest?.("#palette[open]");
      if (palette) event.preventDefault();
      palette?.close();
    }
  });
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) open(opener.dataset.opens);
    if (event.target.matches("dialog[open]")) event.target.close();
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("input", (event) => {
    if (event.target.id === "palette-search") narrow(event.target);
  });
}
