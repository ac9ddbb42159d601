// What a field of references offers, asked for anew as one types: a plain list without JavaScript.
const QUIET = 150;
let waiting = 0;

async function ask(field) {
  const list = field.list;
  if (!list?.dataset.offers || !field.value) return;
  const address = `${list.dataset.offers}&q=${encodeURIComponent(field.value.slice(0, 200))}`;
  try {
    const answer = await fetch(address, { headers: { "X-Requested-With": "fetch" } });
    if (!answer.ok) return;
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    const options = [...found.querySelectorAll("option")];
    if (options.length) list.replaceChildren(...options);
  } catch {
    // Without an answer the list stays as it is; what is typed is looked up when it is saved.
  }
}

export function installOffers() {
  document.addEventListener("input", ({ target, inputType }) => {
    // Choosing from the list is no typing.
    if (!target.list?.dataset.offers || inputType === "insertReplacementText") return;
    clearTimeout(waiting);
    waiting = setTimeout(ask, QUIET, target);
  });
}
