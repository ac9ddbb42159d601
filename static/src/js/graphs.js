// A graph wider than its card opens where its root stands.
function showRoots() {
  for (const graph of document.querySelectorAll(".graph")) {
    const root = graph.querySelector(".graph__node--root");
    if (!root || graph.scrollWidth <= graph.clientWidth) continue;
    const box = root.getBoundingClientRect();
    const frame = graph.getBoundingClientRect();
    graph.scrollLeft += box.left - frame.left - (frame.width - box.width) / 2;
  }
}

export function installGraphs() {
  document.addEventListener("htmx:after:swap", showRoots);
  showRoots();
}
