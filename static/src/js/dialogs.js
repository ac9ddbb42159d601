// The palette (Ctrl or ⌘ and K), the list of shortcuts (?), and filters that stay as folded as they are.
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

function keepFilters() {
  let isOpen = false;
  document.addEventListener("htmx:before:swap", () => {
    isOpen = document.querySelector(".facets")?.open ?? false;
  });
  document.addEventListener("htmx:after:swap", () => {
    const facets = document.querySelector(".facets");
    if (facets) facets.open = isOpen;
  });
}

export function installDialogs() {
  keepFilters();
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open("palette");
    } else if (event.key === "?" && !event.target.closest?.(TYPING)) {
      open("shortcuts");
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
