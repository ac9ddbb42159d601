// What was typed and ticked before this script was there is followed as if it happened now.
function isChanged(field) {
  if (field.type === "checkbox") return field.checked !== field.defaultChecked;
  if (!field.options) return false;
  const given = [...field.options].findIndex((option) => option.defaultSelected);
  return field.selectedIndex !== Math.max(given, 0);
}

export function followEarlyInput() {
  const search = document.getElementById("search");
  if (search?.value) search.dispatchEvent(new Event("input", { bubbles: true }));
  const filters = document.getElementById("filters");
  const fields = [...(filters?.elements ?? [])];
  if (fields.some(isChanged)) filters.dispatchEvent(new Event("input", { bubbles: true }));
}
