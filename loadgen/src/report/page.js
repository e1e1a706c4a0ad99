// Shows the values of the point under the pointer, or chosen with the arrow keys, in the chart's legend.
for (const plot of document.querySelectorAll("[data-points]")) {
  const points = JSON.parse(plot.dataset.points || "[]");
  if (!points.length) continue;
  const svg = plot.querySelector("svg.chart-svg");
  const legend = plot.parentElement.querySelector(".legend");
  const cells = [legend.querySelector("[data-at]"), ...legend.querySelectorAll("[data-value]")];
  const names = [...legend.querySelectorAll(".name")].map((name) => name.textContent);
  const initial = cells.map((cell) => cell.textContent);
  const create = (name, attributes) => {
    const element = document.createElementNS(svg.namespaceURI, name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    return element;
  };
  const cursor = svg.appendChild(create("g", { class: "cursor" }));
  let chosen = -1;

  const surface = document.createElement("div");
  surface.className = "surface";
  surface.tabIndex = 0;
  surface.setAttribute("role", "slider");
  surface.setAttribute("aria-label", svg.querySelector("title").textContent + ": values at a point");
  surface.setAttribute("aria-valuemin", 1);
  surface.setAttribute("aria-valuemax", points.length);
  plot.append(surface);

  const choose = (index) => {
    chosen = index;
    const [at, label, values, marks] = points[index];
    const x = at * 100 + "%";
    cursor.replaceChildren(
      create("line", { x1: x, x2: x, y1: 0, y2: svg.getAttribute("height") - 24 }),
      ...marks.map((y) => create("circle", { cx: x, cy: y, r: 3.5 })),
    );
    [label, ...values].forEach((text, cell) => (cells[cell].textContent = text));
    surface.setAttribute("aria-valuenow", index + 1);
    surface.setAttribute("aria-valuetext", label + ": " + names.map((name, i) => name + " " + values[i]).join(", "));
  };
  const clear = () => {
    chosen = -1;
    cursor.replaceChildren();
    initial.forEach((text, cell) => (cells[cell].textContent = text));
  };
  const nearest = (share) => {
    let best = 0;
    points.forEach(([at], index) => {
      if (Math.abs(at - share) < Math.abs(points[best][0] - share)) best = index;
    });
    return best;
  };

  const point = (event) => {
    const box = surface.getBoundingClientRect();
    choose(nearest((event.clientX - box.left) / box.width));
  };
  surface.addEventListener("pointermove", point);
  surface.addEventListener("pointerdown", point);
  surface.addEventListener("pointerleave", () => surface !== document.activeElement && clear());
  surface.addEventListener("focus", () => chosen < 0 && choose(0));
  surface.addEventListener("blur", clear);
  surface.addEventListener("keydown", (event) => {
    const last = points.length - 1;
    const target = {
      ArrowLeft: chosen - 1,
      ArrowDown: chosen - 1,
      ArrowRight: chosen + 1,
      ArrowUp: chosen + 1,
      PageDown: chosen - 10,
      PageUp: chosen + 10,
      Home: 0,
      End: last,
    }[event.key];
    if (target === undefined) {
      if (event.key === "Escape") surface.blur();
      return;
    }
    event.preventDefault();
    choose(Math.min(last, Math.max(0, target)));
  });
  surface.setAttribute("aria-valuenow", 1);
  surface.setAttribute("aria-valuetext", initial.join(", "));
}
