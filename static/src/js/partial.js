// What pages need around htmx: short addresses, busy regions, counts, tabs, and failures said aloud.
import { toast } from "./toast.js";

function dropEmptyFields({ detail: { ctx } }) {
  const { body, method } = ctx.request;
  if (method !== "GET" || !body) return;
  for (const [name, value] of [...body]) if (value === "") body.delete(name);
}

function setBusy(ctx, busy) {
  ctx.target?.setAttribute?.("aria-busy", String(busy));
}

function repeatCounts() {
  for (const place of document.querySelectorAll("[data-repeats]")) {
    const source = document.getElementById(place.dataset.repeats);
    const text = source?.textContent.trim();
    if (text && text !== place.textContent.trim()) place.textContent = text;
  }
}

function moveTab(link) {
  const tabs = link?.closest?.(".tabs");
  if (!tabs) return;
  for (const tab of tabs.querySelectorAll("a")) tab.removeAttribute("aria-current");
  link.setAttribute("aria-current", "page");
}

export function installPartial() {
  document.addEventListener("htmx:config:request", dropEmptyFields);
  document.addEventListener("htmx:before:request", ({ detail }) => setBusy(detail.ctx, true));
  document.addEventListener("htmx:finally:request", ({ detail }) => setBusy(detail.ctx, false));
  document.addEventListener("htmx:after:swap", ({ detail }) => {
    repeatCounts();
    moveTab(detail.ctx?.sourceElement);
  });
  document.addEventListener("htmx:error", ({ detail }) => {
    if (detail.ctx) toast("The portal did not answer. Check the connection and try again.", "bad");
  });
}
