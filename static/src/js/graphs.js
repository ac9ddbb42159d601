// A graph larger than its card opens where its root stands.
function showRoots() {
  for (const graph of document.querySelectorAll(".graph")) {
    const root = graph.querySelector(".graph__node--root");
    if (!root) continue;
    const box = root.getBoundingClientRect();
    const frame = graph.getBoundingClientRect();
    graph.scrollLeft += box.left - frame.left - (frame.width - box.width) / 2;
    graph.scrollTop += box.top - frame.top - (frame.height - box.height) / 2;
  }
}

export function installGraphs() {
  document.addEventListener("htmx:after:swap", showRoots);
  showRoots();
}
