// A network as circles and lines: width is a weight's size, colour and dash its sign.

class Network extends Canvas {
  paint() {
    this.layOut();
    this.panel.weights.forEach((_, gap) => this.paintEdges(gap));
    this.panel.sizes.forEach((_, layer) => this.paintUnits(layer));
  }

  /** Find each unit's place; a unit whose incoming weights are all gaps is left out. */
  layOut() {
    const { sizes, weights, names = [] } = this.panel;
    const foot = names.some((name) => typeof name === "string") ? this.theme.line * 1.4 : 4;
    const room = (this.H - foot) / Math.max(...sizes);
    this.r = Math.max(3.5, Math.min(15, room / 2.7, this.W / sizes.length / 5));
    const beside = (layer) => this.r + 3 + (Array.isArray(names[layer]) ? this.widest(names[layer]) + 6 : 0);
    const left = beside(0), right = this.W - beside(sizes.length - 1);
    const pitch = Math.min(room, this.r * 4.2);
    this.units = sizes.map((n, layer) => {
      const W = layer && this.data.true(weights[layer - 1]);
      const incoming = (j) => !W || W.some((w, k) => k % n === j && w === w);
      const units = Array.from({ length: n }, (_, j) => j).filter(incoming);
      const x = left + ((right - left) * layer) / Math.max(sizes.length - 1, 1);
      return new Map(units.map((j, i) => [j, [x, (this.H - foot) / 2 + (i - (units.length - 1) / 2) * pitch]]));
    });
    const sizesOf = (name) => (this.data.range(name) ?? []).slice(0, 2).map(Math.abs);
    this.reach = this.number(this.panel.reach) ?? Math.max(...weights.flatMap(sizesOf), 1e-12);
  }

  /** The lines of one gap between layers: [{i, j, from, to}], weights that are gaps left out. */
  edges(gap) {
    const n = this.panel.sizes[gap + 1], W = this.data.true(this.panel.weights[gap]);
    const all = [...this.units[gap]].flatMap(([i, from]) => [...this.units[gap + 1]].map(([j, to]) => ({ i, j, from, to, at: i * n + j })));
    return all.filter(({ at }) => W[at] === W[at]);
  }

  paintEdges(gap) {
    const W = this.data.now(this.panel.weights[gap]);
    for (const { at, from, to } of this.edges(gap)) {
      const size = Math.min(Math.abs(W[at]) / this.reach, 1);
      if (!size) continue;
      this.pen(this.theme.series[W[at] > 0 ? 0 : 1], 0.5 + 3.2 * size, W[at] > 0 ? [] : [6, 3], 0.3 + 0.7 * size);
      this.stroke(from, to);
    }
  }

  paintUnits(layer) {
    const { theme, r, ctx } = this;
    const { biases, values, names = [] } = this.panel;
    const kind = layer === 0 ? theme.grey : theme.series[layer === this.units.length - 1 ? 2 : 0];
    const a = values && this.data.now(values[layer]), b = layer && biases && this.data.now(biases[layer - 1]);
    const most = a && Math.max(...(this.data.range(values[layer]) ?? [1]).map(Math.abs), 1e-12);
    for (const [i, [x, y]] of this.units[layer]) {
      ctx.beginPath();
      ctx.arc(x, y, r, 0, 7);
      ctx.fillStyle = css(mix(theme.paper, kind, a ? (0.8 * Math.abs(a[i])) / most || 0 : 0.22));
      ctx.fill();
      this.pen(kind, 1.8);
      ctx.stroke();
      if (b && r > 6) this.write(b[i] > 0.005 ? "+" : b[i] < -0.005 ? "−" : "0", x, y + 0.5, { weight: 600 });
      if (Array.isArray(names[layer])) {
        this.write(names[layer][i], layer ? x + r + 6 : x - r - 6, y, { align: layer ? "left" : "right" });
      }
    }
    if (typeof names[layer] !== "string" || !this.units[layer].size) return;
    const [[x]] = this.units[layer].values(), half = this.measure(names[layer]) / 2;
    this.write(names[layer], Math.max(half, Math.min(this.W - half, x)), this.H - 2, { base: "bottom", color: theme.grey });
  }

  unit(layer, i) {
    const { sizes, names = [] } = this.panel;
    if (Array.isArray(names[layer])) return names[layer][i];
    const kind = layer === 0 ? "input" : layer === sizes.length - 1 ? "output" : sizes.length > 3 ? `layer ${layer} unit` : "unit";
    return sizes[layer] > 1 ? `${kind} ${i + 1}` : kind;
  }

  series() {
    const { weights, biases = [] } = this.panel;
    const lines = weights.map((name, gap) => {
      const list = this.edges(gap);
      return {
        label: `weights into layer ${gap + 1}`, count: list.length, spots: true,
        place: (k) => list[k].from.map((v, side) => (v + list[k].to[side]) / 2),
        near: (px, py) => nearestEdge(list, px, py),
        fields: [
          ["from", (k) => this.unit(gap, list[k].i)],
          ["to", (k) => this.unit(gap + 1, list[k].j)],
          ["weight", (k) => this.data.say(name, list[k].at)],
        ],
      };
    });
    const units = biases.map((name, layer) => {
      const list = [...this.units[layer + 1]];
      return {
        label: `biases of layer ${layer + 1}`, count: list.length, spots: true, vertical: true,
        place: (k) => list[k][1],
        fields: [["unit", (k) => this.unit(layer + 1, list[k][0])], ["bias", (k) => this.data.say(name, list[k][0])]],
      };
    });
    return [...lines, ...units];
  }

  legend() {
    const [plus, minus] = this.theme.series;
    return [{ text: "positive", color: plus, dash: [], width: 3 }, { text: "negative", color: minus, dash: [6, 3], width: 3 }];
  }
}

function nearestEdge(list, px, py) {
  let found = [0, Infinity];
  list.forEach(({ from: [x0, y0], to: [x1, y1] }, k) => {
    const [dx, dy] = [x1 - x0, y1 - y0];
    const part = Math.max(0.15, Math.min(0.85, ((px - x0) * dx + (py - y0) * dy) / (dx * dx + dy * dy)));
    const away = Math.hypot(px - x0 - part * dx, py - y0 - part * dy);
    if (away < found[1]) found = [k, away];
  });
  return found;
}
