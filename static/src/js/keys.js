// `/` goes to search, arrow keys walk through lists and hits.
const TYPING = "input, textarea, select, [contenteditable]";

function isPlain(event) {
  return !(event.ctrlKey || event.metaKey || event.altKey || event.isComposing);
}

function listLinks(region) {
  const links = region.matches("[data-arrows]") ? region.querySelectorAll("tbody .name a, li .name a, a.hit") : [];
  return [...links].filter((link) => link.offsetParent !== null);
}

function regionsOf(input) {
  const own = document.querySelector(input.dataset.arrowsInto);
  const beside = input.form?.querySelectorAll("[data-arrows]") ?? [];
  return [own, ...beside].filter((region, at, all) => region && all.indexOf(region) === at);
}

function move(event, step) {
  const here = event.target;
  if (here.dataset?.arrowsInto) {
    const first = regionsOf(here).flatMap(listLinks)[0];
    if (step > 0 && first) {
      event.preventDefault();
      first.focus();
    }
    return;
  }
  const region = here.closest?.("[data-arrows]");
  const input = here.closest?.("form")?.querySelector("[data-arrows-into]");
  const links = input ? regionsOf(input).flatMap(listLinks) : region ? listLinks(region) : [];
  const at = links.indexOf(here);
  if (at < 0) return;
  event.preventDefault();
  (links[at + step] ?? (at + step < 0 ? input : null))?.focus();
}

export function installKeys() {
  document.addEventListener("keydown", (event) => {
    if (!isPlain(event)) return;
    const search = document.getElementById("search");
    if (event.key === "/" && !event.target.closest?.(TYPING)) {
      event.preventDefault();
      search?.focus();
      search?.select();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      move(event, event.key === "ArrowDown" ? 1 : -1);
    }
  });
}
