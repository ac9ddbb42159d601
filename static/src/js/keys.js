// `/` goes to the search field of the top bar; Escape leaves it.
const TYPING = "input, textarea, select, [contenteditable]";

export function installKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const search = document.getElementById("search");
    if (event.key === "/" && !event.target.closest(TYPING)) {
      event.preventDefault();
      search?.focus();
      search?.select();
    } else if (event.key === "Escape" && event.target === search) {
      search.blur();
    }
  });
}
