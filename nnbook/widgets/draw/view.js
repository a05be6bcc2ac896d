// One view of a model: its elements, what it listens to, and when it draws.

const PANELS = { plane: Plane, bars: Bars, network: Network, graph: Graph, table: Table, matrix: Matrix };
const SPEAK_MS = 1000;

/** Make an element. */
function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** Put words into an element, only if they are new. */
function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

class View {
  constructor(model, el) {
    Object.assign(this, { model, parts: [], dirty: new Set(), changes: [], undo: [], drawn: 0, spoken: 0 });
    this.motion = matchMedia("(prefers-reduced-motion: reduce)");
    this.buildFrame(el);
    this.listen();
    this.rebuild();
    this.drawFrame(performance.now());
  }

  // What every figure has around its panels.

  buildFrame(el) {
    const hidden = { class: "nn-hidden" };
    this.error = h("p", { class: "nn-error", role: "alert", hidden: "" });
    this.panels = h("div", { class: "nn-panels" });
    this.reading = h("p", { class: "nn-reading", "aria-hidden": "true" }); // `voice` says it aloud
    this.voice = h("p", { ...hidden, "aria-live": "polite" });
    this.probe = h("span", { class: "nn-hidden nn-probe", "aria-hidden": "true" });
    this.button = h("button", { class: "nn-button", type: "button", "aria-expanded": "false" }, "Data");
    this.data = h("div", { class: "nn-scroll", tabindex: "0", role: "region", "aria-label": "Data of this figure", hidden: "" });
    const foot = h("div", { class: "nn-foot" }, this.reading, h("span", { class: "nn-status" }, "computing …"), this.button);
    this.root = h("div", { class: "nn-figure", role: "group" }, this.error, this.panels, foot, this.data, this.voice, this.probe);
    el.append(this.root);
    this.button.addEventListener("click", () => {
      this.data.hidden = !this.data.hidden;
      this.button.setAttribute("aria-expanded", String(!this.data.hidden));
      this.fillData();
    });
  }

  listen() {
    const on = (names, change) => {
      const handle = () => this.later(change);
      for (const name of names) {
        this.model.on("change:" + name, handle);
        this.undo.push(() => this.model.off("change:" + name, handle));
      }
    };
    const restyle = () => this.restyle();
    on(["spec"], () => this.rebuild());
    on(["arrays", "buffer"], () => this.reload());
    on(["height"], restyle);
    on(["values", "busy", "error", "alt"], () => {});
    on(Object.keys(this.model.get("spec").controls ?? {}).map((name) => "at_" + name), () => this.take());
    for (const query of ["(forced-colors: active)", "(prefers-color-scheme: dark)", "(min-resolution: 1.5dppx)"]) {
      const media = matchMedia(query), handle = () => this.later(restyle);
      media.addEventListener("change", handle);
      this.undo.push(() => media.removeEventListener("change", handle));
    }
    const themes = new MutationObserver(() => {
      this.later(restyle);
      this.drawFrame(performance.now()); // at once: printing does not wait for a frame
    });
    for (const node of [document.documentElement, document.body]) {
      themes.observe(node, { attributes: true, attributeFilter: ["data-theme", "data-jp-theme-light", "class"] });
    }
    this.sizes = new ResizeObserver(() => this.later(() => this.resize()));
    this.undo.push(() => themes.disconnect(), () => this.sizes.disconnect(), () => cancelAnimationFrame(this.frame));
  }

  stop() {
    this.undo.forEach((undo) => undo());
    clearTimeout(this.timer);
    this.root.remove();
  }

  // Panels.

  rebuild() {
    this.arrays = new Arrays(this.model);
    this.arrays.refresh(0, false);
    this.parts = (this.model.get("spec").panels ?? []).map((panel) => this.buildPart(panel));
    this.panels.replaceChildren(...this.parts.map(({ section }) => section));
    this.sizes.disconnect();
    for (const { plot } of this.parts) this.sizes.observe(plot); // a table beside it takes its room, too
    this.restyle();
  }

  buildPart(panel) {
    const share = panel.width ?? 1;
    const drawn = new PANELS[panel.kind](panel, this.arrays);
    const basis = drawn.build ? "max-content" : `${Math.round(150 + 70 * share)}px`; // a table is as wide as its words
    const section = h("section", { class: "nn-panel", style: `flex: ${share} 1 ${basis}` });
    const legend = h("ul", { class: "nn-legend" }), plot = h("div", { class: "nn-plot" });
    section.append(...(panel.title ? [h("p", { class: "nn-title" }, panel.title)] : []), legend, plot);
    const part = { panel, section, legend, plot, drawn, uses: new Set(drawn.names()) };
    if (drawn.build) return drawn.build(plot), part;
    const name = panel.title || panel.y?.label || panel.kind;
    const about = { role: "application", "aria-roledescription": "plot", "aria-label": `${name}: arrow keys read its values` };
    part.canvas = h("canvas", { tabindex: "0", ...about });
    plot.append(part.canvas);
    part.cursor = new Cursor(this, part);
    return part;
  }

  /** Take up the theme. */
  restyle() {
    this.theme = readTheme(this.root, this.probe);
    for (const { drawn, legend } of this.parts) {
      drawn.theme = this.theme;
      const items = drawn.legend();
      legend.replaceChildren(...items.map((item) => h("li", {}, this.swatch(item), item.text)));
      legend.hidden = !items.length;
    }
    this.resize();
  }

  /** The sign before a legend's words: a line, a marker, or both. */
  swatch({ color, dash, marker, width = 2 }) {
    const canvas = h("canvas", { class: "nn-swatch", "aria-hidden": "true" }), wide = dash ? 26 : 12;
    const hand = Object.assign(new Canvas({}, this.arrays), { ctx: this.fit(canvas, wide, 12), theme: this.theme });
    canvas.style.width = wide + "px";
    hand.pen(color, width, dash);
    if (dash) hand.stroke([1, 6], [25, 6]);
    if (marker) hand.markers(marker, [[wide / 2, 6]], dash ? 3.4 : 4.6, color);
    return canvas;
  }

  /** Give a canvas its size on this screen; return its context, in CSS pixels. */
  fit(canvas, wide, tall) {
    const dense = devicePixelRatio || 1;
    canvas.style.height = tall + "px";
    Object.assign(canvas, { width: Math.round(wide * dense), height: Math.round(tall * dense), wide, tall });
    const ctx = canvas.getContext("2d");
    ctx.setTransform(dense, 0, 0, dense, 0, 0);
    return ctx;
  }

  /** Rows are as high as the model says, but hardly higher than their widest panel is wide. */
  resize() {
    const shown = this.parts.filter(({ section, panel }) => {
      const here = Object.entries(panel.when ?? {}).every(([control, indices]) => indices.includes(this.arrays.at(control)));
      section.hidden = !here;
      return here;
    });
    const sizes = shown.map(({ section, plot }) => [section.offsetTop, plot.clientWidth]);
    shown.forEach(({ canvas }, i) => {
      const [top, wide] = sizes[i];
      const widest = Math.max(...sizes.filter(([other]) => other === top).map(([, width]) => width));
      const tall = Math.min(this.model.get("height") || 320, Math.round(0.85 * widest) + 45);
      if (canvas && wide) this.fit(canvas, wide, tall);
    });
    this.dirty = new Set(shown);
    this.later(() => {});
  }

  // Changes: gathered, and done in the next frame.

  later(change) {
    this.changes.push(change);
    this.frame ??= requestAnimationFrame((now) => this.drawFrame(now));
  }

  reload() {
    this.arrays.load();
    this.take();
    this.restyle();
  }

  /** Take up new indices; the arrays move there, unless the reader prefers no motion. */
  take() {
    const changed = this.arrays.refresh(performance.now(), !this.motion.matches);
    this.soil(changed);
    for (const part of this.parts) if (part.panel.marks?.some(({ upto }) => upto)) this.dirty.add(part);
    if (this.parts.some(({ panel }) => panel.when)) this.resize();
    this.fillData();
  }

  soil(names) {
    for (const part of this.parts) if ([...names].some((name) => part.uses.has(name))) this.dirty.add(part);
  }

  redraw(part) {
    this.dirty.add(part);
    this.later(() => {});
  }

  drawFrame(now) {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    try {
      this.changes.splice(0).forEach((change) => change());
      this.soil(this.arrays.step(now));
      this.dirty.forEach((part) => this.drawPart(part));
      this.dirty.clear();
      this.say();
    } catch (problem) {
      this.show(`This figure cannot be drawn: ${problem.message}`);
      console.error(problem);
    }
    this.root.dataset.drawn = ++this.drawn;
    if (this.changes.length || this.arrays.moves.size) this.later(() => {});
  }

  drawPart({ section, canvas, drawn, cursor }) {
    if (section.hidden || (canvas && !canvas.wide)) return;
    drawn.draw(canvas?.getContext("2d"), canvas?.wide, canvas?.tall, this.theme);
    const words = cursor?.draw(drawn);
    if (words && cursor.held && words !== cursor.said) this.speak(words);
    if (cursor) cursor.said = words;
  }

  // Words.

  say() {
    const { root, model } = this;
    const text = this.readOut(model.get("spec").reading ?? "");
    if (text !== root.dataset.reading && root.dataset.reading !== undefined) this.speak(text);
    root.dataset.reading = text;
    put(this.reading, text);
    root.classList.toggle("nn-busy", Boolean(model.get("busy")));
    root.setAttribute("aria-busy", String(Boolean(model.get("busy"))));
    root.setAttribute("aria-label", model.get("alt"));
    this.show(model.get("error"));
  }

  /** Fill in a reading's blanks: {control}, {array:.3f}, {array[control or number]:.3f}. */
  readOut(template) {
    const { controls = {}, says = {} } = this.model.get("spec");
    const values = this.model.get("values") ?? {};
    return template.replace(/\{(\w+)(?:\[(\w+)\])?(?::([^}]+))?\}/g, (_, name, index = "0", how) => {
      if (name in values) return values[name];
      if (name in controls) return controls[name].texts[this.arrays.at(name)];
      const value = this.arrays.true(name)[index in controls ? this.arrays.at(index) : Number(index)];
      const words = says[name]?.[Math.round(value)];
      return words === undefined ? formatNumber(value, how) : this.readOut(words);
    });
  }

  /** Say something aloud: at most once a second, and nothing while frames play. */
  speak(text) {
    this.words = text;
    if (this.timer) return;
    const wait = this.model.get("playing") ? SPEAK_MS : Math.max(0, this.spoken + SPEAK_MS - performance.now());
    this.timer = setTimeout(() => {
      this.timer = 0;
      if (this.model.get("playing")) return this.speak(this.words);
      this.spoken = performance.now();
      this.voice.textContent = this.words;
    }, wait);
  }

  show(message) {
    this.error.hidden = !message;
    put(this.error, message || "");
  }

  // Data.

  fillData() {
    const shown = this.data.hidden ? [] : this.parts.filter(({ section }) => !section.hidden);
    const tables = shown.flatMap(({ drawn }) => drawn.tables?.() ?? joinSeries(drawn.series()).flatMap(dataTable));
    this.data.replaceChildren(...tables);
  }
}

/** Draw a view in `el`, as soon as `el` is in the page: before that, as in JupyterLab, nothing has a colour or a size. */
function render({ model, el }) {
  let view = null;
  const begin = () => {
    if (view || !el.isConnected) return;
    waiting.disconnect();
    view = new View(model, el);
  };
  const waiting = new ResizeObserver(begin);
  waiting.observe(el);
  begin();
  return () => {
    waiting.disconnect();
    view?.stop();
  };
}

export default { render };
