// The hits under the search field: there while the search has the focus, put away when it is left.
function find() {
  const field = document.getElementById("search");
  return { field, form: field?.form, hits: document.getElementById("suggestions") };
}

function show(isShown) {
  const { field, hits } = find();
  if (hits) hits.hidden = !isShown || !field.value;
}

function isOpen() {
  const { hits } = find();
  return Boolean(hits && !hits.hidden && hits.childElementCount);
}

function openFrom({ target }) {
  if (target === find().field) show(true);
}

function closeOutside(place) {
  const { form } = find();
  if (form && !form.contains(place)) show(false);
}

// The first Escape puts the hits away and keeps what was typed; the next one leaves the field.
function escape(event) {
  const { field, form } = find();
  const isInside = form?.contains(event.target);
  if (isOpen()) {
    event.preventDefault();
    if (isInside) field.focus();
    show(false);
  } else if (isInside) {
    field.focus();
    field.blur();
  }
}

let held = null;

// A later answer exchanges the hits under the hand of who walks them.
function hold({ detail: { ctx } }) {
  const { hits } = find();
  const here = document.activeElement;
  held = ctx.target === hits && hits.contains(here) ? here.getAttribute("href") : null;
}

function letGo() {
  if (held === null) return;
  const { field, hits } = find();
  const same = [...hits.querySelectorAll("a")].find((link) => link.getAttribute("href") === held);
  held = null;
  // What loses the focus with its place closes the hits; nothing hidden takes it.
  show(true);
  (same ?? field).focus();
}

export function installSuggestions() {
  document.addEventListener("htmx:before:swap", hold);
  document.addEventListener("htmx:after:swap", letGo);
  for (const name of ["focusin", "input", "click"]) document.addEventListener(name, openFrom);
  document.addEventListener("focusout", (event) => {
    if (find().form?.contains(event.target)) closeOutside(event.relatedTarget);
  });
  document.addEventListener("click", (event) => closeOutside(event.target));
  // Not every browser focuses a link that is pressed: the field keeps the focus until the click.
  document.addEventListener("mousedown", (event) => {
    if (event.button === 0 && find().hits?.contains(event.target)) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.target.closest?.("dialog")) return;
    if (event.key === "Tab" && event.target === find().field) show(false);
    else if (event.key === "ArrowDown") openFrom(event);
    else if (event.key === "Escape") escape(event);
  });
}
