// Makes a page's charts interactive: values at the pointer, and point by point with the arrow keys.
// Where this does not run, or fails, the pictures that came with the page stay.

const OPTIONS = {
  actions: false,
  ast: true, // expressions are interpreted: the page's policy forbids eval
  defaultStyle: false,
  renderer: "svg",
  tooltip: false,
};

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

class InteractiveChart {
  constructor(figure, { spec, axis, shape, points }) {
    this.figure = figure;
    this.spec = spec;
    this.axis = axis; // along which the points lie; a map has none
    this.shape = shape; // height as a part of the width, where it follows it
    this.points = points;
    this.current = -1;
    this.canvas = this.add("div", "chart-canvas");
    this.canvas.ariaHidden = "true";
  }

  async draw() {
    try {
      this.view = (await window.vegaEmbed(this.canvas, this.spec, OPTIONS)).view;
    } catch (error) {
      this.canvas.remove();
      throw error;
    }
    this.tooltip = this.add("div", "chart-tooltip");
    this.tooltip.ariaHidden = "true";
    this.tooltip.hidden = true;
    this.reader = this.add("div", "chart-reader");
    this.reader.ariaLive = "polite";
    this.figure.classList.add("is-interactive");
    this.figure.tabIndex = 0;
    this.figure.role = "application";
    this.figure.ariaLabel = `${this.figure.dataset.name} ${this.figure.dataset.hint}`;
    this.listen();
  }

  add(element, className) {
    const added = document.createElement(element);
    added.className = className;
    this.figure.append(added);
    return added;
  }

  listen() {
    if (this.axis) {
      const follow = (event) => this.show(this.nearest(event));
      this.canvas.addEventListener("pointermove", follow);
      this.canvas.addEventListener("pointerdown", follow);
    } else {
      const follow = (event, item) => this.show(item?.datum?.i ?? -1);
      this.view.addEventListener("pointermove", follow);
      this.view.addEventListener("pointerdown", follow);
    }
    this.canvas.addEventListener("pointerleave", () => this.show(-1));
    this.figure.addEventListener("keydown", (event) => this.press(event));
    this.figure.addEventListener("blur", () => this.show(-1));
    new ResizeObserver(() => this.resize()).observe(this.canvas);
  }

  async resize() {
    const width = this.canvas.clientWidth;
    const height = this.shape ? Math.round(width * this.shape) : this.view.height();
    if (width !== this.view.width() || height !== this.view.height()) {
      await this.view.width(width).height(height).runAsync();
    }
    this.place();
  }

  press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const last = this.points.length - 1;
    let next;
    if (event.key in STEPS) {
      const start = STEPS[event.key] > 0 ? -1 : last + 1;
      const from = this.current < 0 ? start : this.current;
      next = Math.min(Math.max(from + STEPS[event.key], 0), last);
    } else if (event.key === "Home") next = 0;
    else if (event.key === "End") next = last;
    else if (event.key === "Escape") next = -1;
    else return;
    event.preventDefault();
    this.show(next);
    this.reader.textContent = next < 0 ? "" : `${this.points[next].name}: ${this.points[next].text}`;
  }

  // Shows a point's values, or none if the index is -1.
  async show(index) {
    if (index === this.current) return;
    this.current = index;
    this.tooltip.hidden = index < 0;
    if (index >= 0) {
      const name = document.createElement("strong");
      name.textContent = this.points[index].name;
      this.tooltip.replaceChildren(name, this.points[index].text);
      this.place();
    }
    await this.view.signal("focus", index).runAsync();
  }

  // Puts the tooltip beside its point, within the figure.
  place() {
    if (this.current < 0) return;
    if (!this.axis) {
      // Over the Pacific, where it hides no land.
      this.tooltip.style.left = "0px";
      this.tooltip.style.top = `${this.view.height() - this.tooltip.offsetHeight}px`;
      return;
    }
    const along = this.position(this.points[this.current]);
    const [left, top] =
      this.axis === "x"
        ? [along - this.tooltip.offsetWidth / 2, 0]
        : [this.canvas.clientWidth - this.tooltip.offsetWidth, along + 14];
    const room = this.canvas.clientWidth - this.tooltip.offsetWidth;
    this.tooltip.style.left = `${Math.max(0, Math.min(left, room))}px`;
    this.tooltip.style.top = `${top}px`;
  }

  nearest(event) {
    const box = this.canvas.getBoundingClientRect();
    const at = this.axis === "x" ? event.clientX - box.left : event.clientY - box.top;
    const distances = this.points.map((point) => Math.abs(this.position(point) - at));
    return distances.indexOf(Math.min(...distances));
  }

  // Pixels from the figure's left or upper edge.
  position(point) {
    const scale = this.view.scale(this.axis);
    const origin = this.view.origin()[this.axis === "x" ? 0 : 1];
    const middle = scale.bandwidth ? scale.bandwidth() / 2 : 0;
    return origin + scale(point.at) + middle;
  }
}

for (const figure of document.querySelectorAll("figure.chart")) {
  const data = JSON.parse(document.getElementById(figure.dataset.chart).textContent);
  new InteractiveChart(figure, data).draw().catch((error) => console.error(error));
}
