// Gives what the tests want to know of a report as the browser lays it out.
const box = (element) => {
  const { x, y, width, height } = element.getBoundingClientRect();
  return { x, y, width, height };
};

const channels = (color) => color.match(/[\d.]+/g).map(Number);
const luminance = (color) => {
  const [r, g, b] = channels(color).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
};
const background = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const color = getComputedStyle(at).backgroundColor;
    if ((channels(color)[3] ?? 1) > 0) return color;
  }
  return "rgb(255, 255, 255)";
};

// Every element with text of its own: how well that stands out.
const texts = () => {
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!own.length || ["SCRIPT", "title", "desc"].includes(element.tagName) || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const color = element instanceof SVGElement ? style.fill : style.color;
    found.push({ text: own[0].data.trim().slice(0, 60), contrast: contrast(color, background(element)) });
  }
  return found;
};

// Elements that stick out of the page to the right, other than inside what scrolls by itself.
const overflowing = () =>
  [...document.body.querySelectorAll("*")]
    .filter((element) => !element.closest(".scroll > *") && element.getBoundingClientRect().right > innerWidth + 0.5)
    .map((element) => element.outerHTML.slice(0, 200));

// SVG texts of one chart that lie on each other.
const colliding = (chart) => {
  const labels = [...chart.querySelectorAll(".plot text")].filter((text) => text.getClientRects().length);
  const pairs = [];
  labels.forEach((a, index) => {
    for (const b of labels.slice(index + 1)) {
      const [p, q] = [a.getBoundingClientRect(), b.getBoundingClientRect()];
      const apart = p.right <= q.left || q.right <= p.left || p.bottom <= q.top + 2 || q.bottom <= p.top + 2;
      if (!apart) pairs.push(a.textContent + " | " + b.textContent);
    }
  });
  return pairs;
};

// Whether an SVG text sticks out of its figure.
const spills = (figure) => (text) => {
  const [inner, outer] = [text.getBoundingClientRect(), figure.getBoundingClientRect()];
  return text.getClientRects().length && (inner.left < outer.left - 0.5 || inner.right > outer.right + 0.5);
};

const chart = (figure) => {
  const plot = figure.querySelector(".plot");
  return {
    id: figure.id,
    plot: plot && box(plot),
    lines: Object.fromEntries([...figure.querySelectorAll("path.line")].map((path) => [path.classList[1], box(path)])),
    dots: [...figure.querySelectorAll(".plot > svg > circle.dot")].map(box),
    bars: [...figure.querySelectorAll("rect.bar, rect.failed")].map(box),
    drops: [...figure.querySelectorAll("rect.dropped")].map(box),
    heat: [...figure.querySelectorAll("path.heat")].map((path) => ({ ...box(path), fill: getComputedStyle(path).fill })),
    crossings: [...figure.querySelectorAll("line.crossing")].map((line) => line.getBoundingClientRect().x),
    probes: {
      borne: [...figure.querySelectorAll(".probe circle.borne")].map(box),
      not_borne: [...figure.querySelectorAll(".probe path.not-borne")].map(box),
    },
    interval: [...figure.querySelectorAll("rect.interval")].map(box),
    capacity: [...figure.querySelectorAll("line.capacity")].map((line) => line.getBoundingClientRect().x),
    objective: [...figure.querySelectorAll("line.objective")].map((line) => line.getBoundingClientRect().y),
    gaps: [...figure.querySelectorAll("rect.gap")].map(box),
    markers: [...figure.querySelectorAll("line.marker")].map((line) => line.getBoundingClientRect().x),
    ticks: [...figure.querySelectorAll(".plot text")].map((text) => text.textContent),
    colliding: colliding(figure),
    spilling: [...figure.querySelectorAll(".plot text")].filter(spills(figure)).map((text) => text.textContent),
    legend: legend(figure),
  };
};

const legend = (figure) => [...figure.querySelectorAll("[data-at], [data-value]")].map((cell) => cell.textContent);

// What the legend says while a point is chosen, and afterwards.
const readOut = (id, share, key) => {
  const figure = document.getElementById(id);
  const surface = figure.querySelector(".surface");
  const { left, width, top } = surface.getBoundingClientRect();
  const before = legend(figure);
  surface.dispatchEvent(new PointerEvent("pointermove", { clientX: left + width * share, clientY: top + 5 }));
  const hovered = legend(figure);
  const cursor = figure.querySelectorAll(".cursor line").length;
  surface.dispatchEvent(new PointerEvent("pointerleave"));
  const left_again = legend(figure);
  surface.focus();
  surface.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const keyed = legend(figure);
  const spoken = surface.getAttribute("aria-valuetext");
  surface.blur();
  return { before, hovered, cursor, left: left_again, keyed, spoken, blurred: legend(figure) };
};

const measure = () => ({
  width: innerWidth,
  scroll_width: document.documentElement.scrollWidth,
  overflowing: overflowing(),
  dark: matchMedia("(prefers-color-scheme: dark)").matches,
  page: getComputedStyle(document.body).backgroundColor,
  title: document.title,
  pwned: typeof window.pwned !== "undefined",
  scripts: document.scripts.length,
  foreign: [...document.querySelectorAll("img, iframe, object, embed, form, base, link:not([rel=icon])")].map((e) => e.outerHTML),
  links: [...document.querySelectorAll("a")].map((a) => ({ href: a.href, rel: a.rel, text: a.textContent })),
  handlers: [...document.querySelectorAll("*")].filter((e) => [...e.attributes].some((a) => a.name.startsWith("on") || a.name === "style" || a.name === "src")).map((e) => e.outerHTML),
  headings: [...document.querySelectorAll("h1, h2")].map((heading) => heading.textContent),
  verdict: document.querySelector("[aria-label=Verdict]").textContent,
  bottleneck: document.querySelector(".verdict[aria-label=Generator]")?.textContent ?? null,
  body: document.body.innerText,
  tables: [...document.querySelectorAll("table")].map((table) => ({
    columns: table.querySelectorAll("thead th[scope=col]").length,
    rows: table.querySelectorAll("tbody tr").length,
    cells: table.querySelectorAll("tbody tr > *").length,
    row_heads: table.querySelectorAll("tbody tr > th[scope=row]").length,
  })),
  images: [...document.querySelectorAll("svg[role=img]")].map((svg) => svg.getAttribute("aria-labelledby").split(" ").map((id) => document.getElementById(id).textContent)),
  faint: texts().filter((text) => text.contrast < 4.5),
  texts: texts().length,
  charts: [...document.querySelectorAll("figure.card")].map(chart),
  read_outs: document.getElementById("latency-heatmap")?.querySelector(".surface")
    ? { latency: readOut("latency-over-time", 0.505, "End"), rate: readOut("rate-over-time", 0.505, "ArrowRight"), distribution: readOut("latency-distribution", 0, "End"), heatmap: readOut("latency-heatmap", 0.505, "End"), spectrum: readOut("latency-spectrum", 0, "End") }
    : null,
});
