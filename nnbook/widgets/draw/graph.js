// A small computational graph, with the numbers of the way there (above) and back (below).

class Graph extends Canvas {
  paint() {
    const { panel, theme } = this;
    this.r = Math.max(theme.line * 0.85, Math.min(this.W / 22, theme.line * 1.2));
    const edge = Math.max(this.r, theme.line * 1.7), top = theme.line + this.r + 4;
    this.places = panel.nodes.map(({ x, y }) => [edge + x * (this.W - 2 * edge), top + (1 - y) * (this.H - 2 * top)]);
    this.halves = panel.nodes.map(({ label }) => Math.max(this.r, this.measure(label, 0.9) / 2 + 7));
    const index = new Map(panel.nodes.map(({ id }, i) => [id, i]));
    panel.edges.forEach(([a, b], k) => this.paintEdge(index.get(a), index.get(b), k));
    panel.nodes.forEach(({ label }, i) => this.paintNode(label, i));
  }

  /** What of a node can be seen: 0 nothing, 1 its value, 2 its gradient too. */
  seen(i) {
    return this.panel.seen ? this.data.true(this.panel.seen)[i] : 2;
  }

  say(place, i) {
    return formatNumber(this.data.true(place)[i], `.${this.panel.digits ?? 2}f`);
  }

  paintEdge(a, b, k) {
    const { theme, panel } = this;
    const [x0, y0] = this.places[a], [x1, y1] = this.places[b];
    const angle = Math.atan2(y1 - y0, x1 - x0), cos = Math.cos(angle), sin = Math.sin(angle);
    const out = (i) => 2 + Math.min(this.halves[i] / Math.abs(cos || 1e-9), this.r / Math.abs(sin || 1e-9));
    const from = [x0 + out(a) * cos, y0 + out(a) * sin], to = [x1 - out(b) * cos, y1 - out(b) * sin];
    const back = panel.backward && this.seen(a) >= 2 && this.seen(b) >= 2;
    const color = back ? theme.series[1] : this.seen(a) >= 1 && this.seen(b) >= 1 ? theme.series[0] : theme.grey;
    this.pen(color, 1.6, back ? [6, 3] : []);
    this.stroke(from, to);
    this.arrowHead(...(back ? [...from, angle + Math.PI] : [...to, angle]), 8);
    if (!panel.edge || !back) return;
    this.write(this.say(panel.edge, k), (x0 + x1) / 2, (y0 + y1) / 2, { part: 0.75, color: theme.words[1], halo: true });
  }

  paintNode(label, i) {
    const { ctx, theme, panel, r } = this;
    const [x, y] = this.places[i], half = this.halves[i], seen = this.seen(i);
    const active = panel.active !== undefined && this.data.true(panel.active)[0] === i;
    ctx.beginPath();
    ctx.roundRect(x - half, y - r, 2 * half, 2 * r, 8);
    ctx.fillStyle = css(mix(theme.paper, theme.series[seen >= 2 ? 1 : 0], active ? 0.35 : seen ? 0.14 : 0));
    ctx.fill();
    this.pen(active ? theme.ink : theme.grey, active ? 2.6 : 1.4);
    ctx.stroke();
    this.write(label, x, y + 0.5, { part: 0.9 });
    const [blue, vermillion] = theme.words;
    if (seen >= 1) this.write(this.say(panel.forward, i), x, y - r - 4, { base: "bottom", color: blue, weight: 600 });
    if (seen < 2 || !panel.backward) return;
    this.write(this.say(panel.backward, i), x, y + r + 4, { base: "top", color: vermillion, weight: 600 });
  }

  series() {
    const { nodes, forward, backward } = this.panel;
    const when = (least, place) => (i) => (this.seen(i) >= least ? this.data.say(place, i) : "not yet");
    const fields = [["", (i) => nodes[i].label], ["value", when(1, forward)]];
    if (backward) fields.push(["gradient", when(2, backward)]);
    return [{ label: "nodes", count: nodes.length, spots: true, place: (i) => this.places[i], fields }];
  }

  legend() {
    const [blue, vermillion] = this.theme.series;
    const back = { text: "gradient", color: vermillion, dash: [6, 3] };
    return [{ text: "value", color: blue, dash: [] }, ...(this.panel.backward ? [back] : [])];
  }
}
