// A small computational graph, with the numbers of the way there (above) and back (below).

const NARROW = 450; // px: below, numbers are smaller and shorter, and only the slopes in use are shown

class Graph extends Canvas {
  paint() {
    const { panel, theme } = this;
    this.narrow = this.W < NARROW;
    this.part = this.narrow ? 0.66 : 0.8;
    this.r = Math.max(theme.line * 0.7, Math.min(this.W / 22, theme.line * 1.2));
    const edge = Math.max(this.r, theme.line * 1.5), top = theme.line + this.r + 4;
    this.places = panel.nodes.map(({ x, y }) => [edge + x * (this.W - 2 * edge), top + (1 - y) * (this.H - 2 * top)]);
    this.halves = panel.nodes.map(({ label }) => Math.max(this.r, this.measure(label, 0.9) / 2 + (this.narrow ? 3 : 7)));
    this.active = this.data.true(panel.active)[0];
    const index = new Map(panel.nodes.map(({ id }, i) => [id, i]));
    const edges = panel.edges.map(([a, b], k) => [index.get(a), index.get(b), k]);
    edges.forEach((ends) => this.paintEdge(...ends));
    panel.nodes.forEach(({ label }, i) => this.paintNode(label, i));
    edges.forEach((ends) => this.paintSlope(...ends));
  }

  /** What of a node can be seen: 0 nothing, 1 its value, 2 its gradient too. */
  seen(i) {
    return this.data.true(this.panel.seen)[i];
  }

  isBack(a, b) {
    return this.seen(a) >= 2 && this.seen(b) >= 2;
  }

  words(place, i) {
    return formatNumber(this.data.true(place)[i], `.${this.panel.digits - this.narrow}f`);
  }

  number(place, i, x, y, style) {
    this.write(this.words(place, i), x, y, { part: this.part, weight: 600, halo: true, ...style });
  }

  paintEdge(a, b) {
    const { theme } = this;
    const [x0, y0] = this.places[a], [x1, y1] = this.places[b];
    const from = [x0 + this.halves[a] + 2, y0], to = [x1 - this.halves[b] - 2, y1]; // clear of the numbers
    const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
    const back = this.isBack(a, b);
    this.pen(back ? theme.series[1] : this.seen(a) && this.seen(b) ? theme.series[0] : theme.grey, 1.6, back ? [6, 3] : []);
    this.stroke(from, to);
    this.arrowHead(...(back ? [...from, angle + Math.PI] : [...to, angle]), 8);
  }

  paintSlope(a, b, k) {
    if (!this.isBack(a, b) || (this.narrow && this.active !== a)) return;
    const [x, y] = [0, 1].map((side) => (this.places[a][side] + this.places[b][side]) / 2);
    const part = this.part - 0.05, half = this.measure(this.words(this.panel.slopes, k), part) / 2 + 3;
    this.ctx.fillStyle = css(this.theme.paper); // a dash of the arrow would read as a minus
    this.ctx.fillRect(x - half, y - this.theme.line * 0.4, 2 * half, this.theme.line * 0.8);
    this.number(this.panel.slopes, k, x, y, { color: this.theme.words[1], weight: 400, part });
  }

  paintNode(label, i) {
    const { ctx, theme, panel, r } = this;
    const [x, y] = this.places[i], half = this.halves[i], seen = this.seen(i), active = this.active === i;
    ctx.beginPath();
    ctx.roundRect(x - half, y - r, 2 * half, 2 * r, 8);
    ctx.fillStyle = css(mix(theme.paper, theme.series[seen >= 2 ? 1 : 0], active ? 0.35 : seen ? 0.14 : 0));
    ctx.fill();
    this.pen(active ? theme.ink : theme.grey, active ? 2.6 : 1.4);
    ctx.stroke();
    this.write(label, x, y + 0.5, { part: 0.9 });
    const [blue, vermillion] = theme.words;
    if (seen >= 1) this.number(panel.forward, i, x, y - r - 4, { base: "bottom", color: blue });
    if (seen >= 2) this.number(panel.backward, i, x, y + r + 4, { base: "top", color: vermillion });
  }

  series() {
    const { nodes, forward, backward } = this.panel;
    const when = (least, place) => (i) => (this.seen(i) >= least ? this.data.say(place, i) : "not yet");
    const fields = [["", (i) => nodes[i].label], ["value", when(1, forward)], ["gradient", when(2, backward)]];
    return [{ label: "nodes", count: nodes.length, spots: true, place: (i) => this.places[i], fields }];
  }

  legend() {
    const [blue, vermillion] = this.theme.series;
    return [{ text: "value", color: blue, dash: [] }, { text: "gradient", color: vermillion, dash: [6, 3] }];
  }
}
