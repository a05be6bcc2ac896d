// A network as circles and lines: width is a weight's size, colour and dash its sign.

class Network extends Canvas {
  paint() {
    this.layOut();
    this.panel.weights.forEach((_, gap) => this.paintEdges(gap));
    this.panel.sizes.forEach((_, layer) => this.paintUnits(layer));
  }

  /** Find each unit's place; a unit whose incoming weights are all gaps is left out. */
  layOut() {
    const { sizes, weights, names } = this.panel;
    this.tall = this.H - (names ? this.theme.line * 1.4 : 4);
    const room = this.tall / Math.max(...sizes);
    this.r = Math.max(3.5, Math.min(15, room / 2.7, this.W / sizes.length / 5));
    const pitch = Math.min(room, this.r * 4.2), wide = this.W - 2 * this.r - 6;
    this.units = sizes.map((n, layer) => {
      const W = layer && this.data.true(weights[layer - 1]);
      const incoming = (j) => !W || W.some((w, k) => k % n === j && w === w);
      const units = Array.from({ length: n }, (_, j) => j).filter(incoming);
      const x = this.r + 3 + (wide * layer) / Math.max(sizes.length - 1, 1);
      return new Map(units.map((j, i) => [j, [x, this.tall / 2 + (i - (units.length - 1) / 2) * pitch]]));
    });
    const reach = (name) => (this.data.range(name) ?? []).slice(0, 2).map(Math.abs);
    this.reach = Math.max(...weights.flatMap(reach), 1e-12);
  }

  /** The lines of one gap between layers: [{i, j, from, to, at}], weights that are gaps left out. */
  edges(gap) {
    const n = this.panel.sizes[gap + 1], W = this.data.true(this.panel.weights[gap]);
    const all = [...this.units[gap]].flatMap(([i, from]) =>
      [...this.units[gap + 1]].map(([j, to]) => ({ i, j, from, to, at: i * n + j })));
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
    const { theme, r, ctx, units } = this;
    const { biases, names } = this.panel;
    const kind = layer === 0 ? theme.grey : theme.series[layer === units.length - 1 ? 2 : 0];
    const b = layer && biases && this.data.now(biases[layer - 1]);
    for (const [i, [x, y]] of units[layer]) {
      ctx.beginPath();
      ctx.arc(x, y, r, 0, 7);
      ctx.fillStyle = css(mix(theme.paper, kind, 0.22));
      ctx.fill();
      this.pen(kind, 1.8);
      ctx.stroke();
      if (b && r > 6) this.write(b[i] > 0.005 ? "+" : b[i] < -0.005 ? "−" : "0", x, y + 0.5, { weight: 600 });
    }
    if (!names || !units[layer].size) return;
    const [[x]] = units[layer].values(), half = this.measure(names[layer]) / 2;
    this.write(names[layer], Math.max(half, Math.min(this.W - half, x)), this.H - 2, { base: "bottom", color: theme.grey });
  }

  unit(layer, i) {
    return `${layer ? (layer < this.units.length - 1 ? `layer ${layer}, unit` : "output") : "input"} ${i + 1}`;
  }

  series() {
    const { weights, biases = [] } = this.panel;
    const lines = weights.map((name, gap) => {
      const list = this.edges(gap);
      // A third of the way along, lines that cross are apart.
      const place = (k) => list[k].from.map((v, side) => v + 0.35 * (list[k].to[side] - v));
      const fields = [
        ["from", (k) => this.unit(gap, list[k].i)],
        ["to", (k) => this.unit(gap + 1, list[k].j)],
        ["weight", (k) => this.data.say(name, list[k].at)],
      ];
      return { label: `weights into layer ${gap + 1}`, count: list.length, spots: true, place, fields };
    });
    const units = biases.map((name, layer) => {
      const list = [...this.units[layer + 1]], place = (k) => list[k][1];
      const fields = [["", (k) => this.unit(layer + 1, list[k][0])], ["bias", (k) => this.data.say(name, list[k][0])]];
      return { label: `biases of layer ${layer + 1}`, count: list.length, spots: true, vertical: true, place, fields };
    });
    return [...lines, ...units];
  }

  legend() {
    const [plus, minus] = this.theme.series;
    return [{ text: "positive", color: plus, dash: [], width: 3 }, { text: "negative", color: minus, dash: [6, 3], width: 3 }];
  }
}
