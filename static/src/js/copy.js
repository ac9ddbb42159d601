// Buttons that copy the text of the element named in `data-copy`.
import { toast } from "./toast.js";

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!source) return;
  try {
    await navigator.clipboard.writeText(source.textContent);
    toast(`${button.dataset.copyName} copied.`, "ok");
  } catch {
    getSelection().selectAllChildren(source);
    toast("The browser does not allow copying; the text is selected, press Ctrl or ⌘ and C.");
  }
}

export function installCopyButtons() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
}
