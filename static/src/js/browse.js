// What the list keeps while its parts are exchanged: filters as folded as they were, ticks, and the focus.
let before = null;

function listChips() {
  return [...document.querySelectorAll("#results .chip--remove")];
}

function remember({ detail: { ctx } }) {
  before = null;
  if (ctx.target?.id !== "browse") return;
  const source = ctx.sourceElement;
  const here = document.activeElement;
  before = {
    isOpen: document.querySelector(".facets")?.open ?? false,
    isTicked: source?.id === "filters",
    // Some browsers do not focus a link that is clicked.
    chip: here === source || here === document.body ? listChips().indexOf(source) : -1,
    isInside: ctx.target.contains(here),
  };
}

// An exchange leaves what was ticked as it is; a link says which ticks hold now.
function takeFields() {
  for (const field of document.getElementById("filters")?.elements ?? []) {
    if (field.type === "checkbox") field.checked = field.defaultChecked;
    for (const option of field.options ?? []) option.selected = option.defaultSelected;
  }
}

function restore() {
  if (!before) return;
  const { isOpen, isTicked, chip, isInside } = before;
  before = null;
  const facets = document.querySelector(".facets");
  if (facets) facets.open = isOpen;
  if (!isTicked) takeFields();
  const results = document.getElementById("results");
  if (chip >= 0) (listChips()[chip] ?? results)?.focus({ preventScroll: true });
  else if (isInside && document.activeElement === document.body) results?.focus({ preventScroll: true });
}

export function installBrowse() {
  document.addEventListener("htmx:before:swap", remember);
  document.addEventListener("htmx:after:swap", restore);
}
