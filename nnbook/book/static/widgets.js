// Widgets without a kernel: see "How the widgets work" in the book.
{
  const models = new Map();
  const controls = []; // what the address can set
  const leaving = new AbortController();
  let moved = []; // the figures in the address
  let count = 0;
  let root, timer;

  class Model {
    constructor({ model_name, state, buffers = [] }) {
      Object.assign(this, { type: model_name, state, roots: [], heard: new Set() });
      for (const { path, data } of buffers) {
        const last = path.pop();
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        path.reduce((place, key) => place[key], state)[last] = new DataView(bytes.buffer);
      }
    }
    get(key) {
      return this.state[key];
    }
    set(key, value) {
      if (Object.is(this.state[key], value)) return;
      this.state[key] = value;
      for (const { event, call } of [...this.heard])
        try {
          if (event === "change" || event === "change:" + key) call(this, value);
        } catch (error) {
          this.fail(error);
        }
    }
    on(events, call) {
      for (const event of events.split(" ")) this.heard.add({ event, call, owner: this });
    }
    off(event, call) {
      for (const one of this.heard)
        if (one.owner === this && (!event || event === one.event) && (!call || call === one.call))
          this.heard.delete(one);
    }
    save_changes() {}
    send() {}
    fail(error) {
      console.error(error);
      for (const place of this.roots)
        tell(place, `This figure failed (${error}). Browsers from before 2020 cannot draw it.`);
    }
  }

  const find = (reference) => models.get(String(reference).slice(10)); // IPY_MODEL_…

  // Links push at the start, as in Jupyter.
  const join = ({ type, state }) => {
    const [[source, key], [target, other]] = [state.source, state.target].map(([id, name]) => [find(id), name]);
    if (!source || !target) return;
    const push = () => target.set(other, source.get(key));
    push();
    source.on("change:" + key, push);
    if (type === "LinkModel") target.on("change:" + other, () => source.set(key, target.get(other)));
    if (!other.startsWith("at_")) return;
    source.own = other.slice(3);
    controls.push({ model: source, key, first: source.get(key), figure: target });
    source.on("change:" + key, () => note(target));
  };

  const make = (tag, properties, ...inside) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...inside);
    return node;
  };

  const tell = (place, textContent) => {
    place.querySelector(":scope > .nn-message")?.remove();
    if (textContent) place.prepend(make("p", { className: "nn-message", role: "alert", textContent }));
  };

  const keep = (model, draw) => {
    draw(model.state);
    model.on("change", () => draw(model.state));
  };

  const control = (model, input, key, read, draw, ...more) => {
    input.id = `nn-${++count}`;
    input.oninput = () => model.set(key, read());
    keep(model, (state) => {
      input.disabled = state.disabled;
      draw(state);
    });
    return make("div", {}, make("label", { htmlFor: input.id }, model.state.description), input, ...more);
  };

  const limits = ({ _options_labels: labels, value, min, max, step }) =>
    labels ? [0, labels.length - 1, 1] : typeof value === "boolean" ? [0, 1, 1] : [min, max, step];

  const slider = (model) => {
    const key = model.state._options_labels ? "index" : "value";
    const input = make("input", { type: "range" });
    const output = make("output", { ariaLive: "off" });
    const draw = (state) => {
      const [min, max, step] = limits(state);
      const [digits] = /\d(?=f$)/.exec(state.readout_format) || [];
      Object.assign(input, { min, max, step, value: state[key] });
      const { _options_labels: labels, index, value } = state;
      output.value = labels ? labels[index] : digits ? value.toFixed(digits) : value;
      output.hidden = state.readout === false;
      input.setAttribute("aria-valuetext", output.value);
    };
    return control(model, input, key, () => Number(input.value), draw, output);
  };

  const dropdown = (model) => {
    const option = (text, value) => make("option", { text, value });
    const select = make("select", {}, ...model.state._options_labels.map(option));
    return control(model, select, "index", () => Number(select.value), ({ index }) => (select.value = index));
  };

  const checkbox = (model) => {
    const input = make("input", { type: "checkbox" });
    return control(model, input, "value", () => input.checked, ({ value }) => (input.checked = value));
  };

  const buttons = (model) => {
    const name = `nn-${++count}`;
    const set = make("fieldset", {}, make("legend", {}, model.state.description));
    model.state._options_labels.forEach((text, index) => {
      const radio = make("input", { type: "radio", name, oninput: () => model.set("index", index) });
      set.append(make("label", {}, radio, text));
      keep(model, (state) => (radio.checked = index === state.index));
    });
    keep(model, ({ disabled }) => (set.disabled = disabled));
    return set;
  };

  const wind = (model) => {
    const { state } = model;
    const ends = () => state.value + state.step > state.max;
    let waiting;
    const tick = () => {
      model.set("value", ends() ? state.min : state.value + state.step);
      if (ends() && !state.repeat) model.set("playing", false);
      else if (state.playing) waiting = setTimeout(tick, state.interval);
    };
    state.playing = false; // nothing moves by itself
    model.on("change:playing", () => {
      clearTimeout(waiting);
      if (state.playing) waiting = setTimeout(tick, ends() ? 0 : state.interval);
    });
  };

  const play = (model) => {
    const button = make("button", { type: "button", onclick: () => model.set("playing", !model.state.playing) });
    keep(model, ({ playing, description, disabled }) => {
      button.disabled = disabled;
      button.className = button.textContent = playing ? "Pause" : "Play";
      button.setAttribute("aria-label", `${button.textContent} ${description}`);
    });
    return make("div", {}, button);
  };

  const text = (model) => {
    const node = make("div");
    const words = (html) => new DOMParser().parseFromString(html, "text/html").body.textContent;
    keep(model, ({ value }) => (node.textContent = model.type === "HTMLModel" ? words(value) : value));
    return node;
  };

  const row = (model) => make("div", {}, ...model.state.children.map(view));
  const column = (model) => row(model);

  const run = async (widget, step, model, el) => {
    const end = widget[step] && (await widget[step]({ model: Object.create(model), signal: leaving.signal, el }));
    if (typeof end === "function") leaving.signal.addEventListener("abort", end);
    return widget;
  };

  const prepare = async (model) => {
    const { _esm, _css } = (find(model.state._esm) || model).state; // equal modules are stored once
    document.head.append(make("style", {}, _css || ""));
    const address = URL.createObjectURL(new Blob([_esm], { type: "text/javascript" }));
    const module = await Function("address", "return import(address)")(address);
    const widget = module.default || module;
    return run(typeof widget === "function" ? await widget() : widget, "initialize", model);
  };

  const any = (model) => {
    const [el, place] = [make("div"), root];
    const render = (widget) => run(widget, "render", model, el);
    model.ready.then(render).then(() => place.classList.add("nn-live")).catch((error) => model.fail(error));
    return el;
  };

  // The build warns of every type that is not in this table.
  const DRAW = {
    AnyModel: any,
    SelectionSliderModel: slider,
    IntSliderModel: slider,
    FloatSliderModel: slider,
    DropdownModel: dropdown,
    ToggleButtonsModel: buttons,
    CheckboxModel: checkbox,
    PlayModel: play,
    LabelModel: text,
    HTMLModel: text,
    HBoxModel: row,
    VBoxModel: column,
  };

  const view = (reference) => {
    const model = find(reference);
    const draw = DRAW[model?.type];
    if (!draw) return make("p", { className: "nn-message" }, "This page cannot show this widget.");
    model.roots.push(root);
    const el = draw(model);
    el.classList.add(`nn-${draw.name}`, ...model.state._dom_classes);
    if (model.own) el.dataset.control = model.own;
    const { display, visibility, width } = find(model.state.layout).state;
    Object.assign(el.style, { display, visibility, width });
    return el;
  };

  // The address: #neuron?w1=3&b=5;race?lr=2

  const note = (figure) => {
    if (!figure.roots[0]) return; // the links' first pushes
    for (const place of figure.roots) place.classList.add("nn-moved");
    moved = [figure, ...moved.filter((one) => one !== figure)];
    clearTimeout(timer);
    timer = setTimeout(write, 250); // browsers forbid more
  };

  const write = () => {
    const item = ({ model, key }) => `${model.own}=${Number(model.get(key))}`;
    const items = (figure) => controls.filter((one) => one.figure === figure).map(item).join("&");
    history.replaceState(null, "", "#" + moved.map((figure) => `${figure.state.name}?${items(figure)}`).join(";"));
  };

  const read = () => {
    const address = location.hash.slice(1);
    if (!address.includes("?") || !controls[0]) return; // an ordinary anchor
    const [wanted, wrong] = [new Map(), []];
    let name;
    for (const item of address.split(/[?&;]/)) {
      const [, own, value] = /^(\w+)=(-?\d+)$/.exec(item) || [];
      const control = controls.find(({ model, figure }) => model.own === own && figure.state.name === name);
      const [min, max, step] = control ? limits(control.model.state) : [];
      const fits = value >= min && value <= max && (value - min) % step === 0;
      if (fits) wanted.set(control, Number(value));
      else if (item.includes("=")) wrong.push(item);
      else name = item;
    }
    for (const one of controls) {
      const value = wanted.get(one) ?? one.first;
      one.model.set(one.key, typeof one.first === "boolean" ? Boolean(value) : value);
    }
    clearTimeout(timer);
    moved = [...new Set([...wanted.keys()].map(({ figure }) => figure))];
    const [place = document.body] = (moved[0] || controls[0].figure).roots;
    const vain = wanted.size ? wrong.join(", ") : address;
    tell(place, vain && `The address asks for what is not here: ${vain.slice(0, 200)}`);
    place.scrollIntoView();
  };

  const scripts = (kind) => document.querySelectorAll(`[type="application/vnd.jupyter.widget-${kind}+json"]`);

  const start = () => {
    for (const script of scripts("view")) {
      root = make("div", { className: "nn-view" });
      script.after(root);
      root.append(view("IPY_MODEL_" + JSON.parse(script.text).model_id));
    }
    read();
    addEventListener("hashchange", read);
    addEventListener("pagehide", ({ persisted }) => persisted || leaving.abort());
  };

  // Modules load while the page is still being read.
  for (const { text } of scripts("state"))
    for (const [id, record] of Object.entries(JSON.parse(text).state)) models.set(id, new Model(record));
  for (const model of models.values()) {
    if (/LinkModel$/.test(model.type)) join(model);
    if (model.type === "PlayModel") wind(model);
    if (model.type === "AnyModel") model.ready = prepare(model);
  }
  document.addEventListener("readystatechange", start, { once: true });
}
