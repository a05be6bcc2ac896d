// A plane: two axes and the marks between them.

class Plane extends Canvas {
  paint() {
    const { ctx, panel } = this;
    this.layOut();
    this.paintAxes();
    ctx.save();
    ctx.beginPath();
    ctx.rect(this.left, this.top - 1, this.wide + 1, this.tall + 1);
    ctx.clip();
    for (const mark of panel.marks) MARKS[mark.kind].draw(this, mark);
    ctx.restore();
    const left = Math.round(this.left) - 0.5, top = Math.round(this.top) - 0.5, bottom = Math.round(this.top + this.tall) - 0.5;
    this.pen(this.theme.grey, 1);
    this.stroke([left, top], [left, bottom], [this.left + this.wide, bottom]);
  }

  /** Find the axes' limits, the room that their labels need, and the scales. */
  layOut() {
    const { panel, theme } = this;
    const x = this.limits("x"), y = this.limits("y");
    this.first = this.firstColors();
    this.top = theme.line * (panel.y.label ? 1.5 : 0.6);
    this.tall = Math.max(this.H - this.top - theme.line * (panel.x.label ? 2.3 : 1.3), 20);
    this.ticksY = ticks(y, Math.max(2, Math.floor(this.tall / (theme.line * 2.4))));
    this.left = Math.ceil(this.widest(this.ticksY.map(([, text]) => text)) + 9);
    this.wide = Math.max(this.W - this.left - theme.line * 0.6, 20);
    if (panel.equal) this.makeEqual(x, y);
    this.ticksX = this.fitTicks(x);
    this.x = scale(x, this.left, this.left + this.wide);
    this.y = scale(y, this.top + this.tall, this.top);
  }

  /** Take as many ticks along x as have room. */
  fitTicks(limits) {
    for (let room = Math.floor(this.wide / (this.theme.line * 2)); ; room--) {
      const found = ticks(limits, Math.max(1, room));
      const need = this.widest(found.map(([, text]) => text)) + this.theme.line;
      if (room <= 1 || (found.length - 1) * need <= this.wide) return found;
    }
  }

  /** One unit gets the same length on both axes. */
  makeEqual(x, y) {
    const unit = Math.min(this.wide / (x.high - x.low), this.tall / (y.high - y.low));
    const wide = unit * (x.high - x.low), tall = unit * (y.high - y.low);
    Object.assign(this, { left: this.left + (this.wide - wide) / 2, top: this.top + this.tall - tall, wide, tall });
  }

  /** The limits of one axis: said, else the span of all its marks over all settings. */
  limits(side) {
    const { marks, [side]: axis } = this.panel;
    const { log } = axis;
    const spans = marks.map((mark) => MARKS[mark.kind].spans?.(mark) ?? {});
    const ranges = spans.flatMap((span) => span[side] ?? []).map((place) => this.data.range(place)).filter(Boolean);
    const lows = ranges.map((range) => (log ? range[2] : range[0])).filter((v) => v !== null);
    let low = this.one(axis.low) ?? Math.min(...lows);
    let high = this.one(axis.high) ?? Math.max(...ranges.map((range) => range[1]));
    if (!Number.isFinite(low) || (log && low <= 0)) low = log ? 0.1 : 0;
    if (!Number.isFinite(high)) high = low + 1;
    if (!(low < high)) [low, high] = log ? [low / 2, low * 2] : [low - 0.5, low + 0.5];
    const tight = spans.map((span) => span.tight ?? "").join("");
    if (tight.includes(side)) return { low, high, log };
    const pad = log ? (high / low) ** 0.05 : (high - low) * 0.05;
    const grounded = side === "y" && tight.includes("0");
    if (axis.low === undefined && !grounded) low = log ? low / pad : low - pad;
    if (axis.high === undefined) high = log ? high * pad : high + pad;
    return { low, high, log };
  }

  /** Tick labels, and grid lines unless a shade covers them; each axis has its label at its end. */
  paintAxes() {
    const { theme, panel, left, top, wide, tall } = this;
    const covered = panel.marks.some(({ kind }) => kind === "heat" || kind === "gradient");
    const right = left + wide, bottom = top + tall;
    const tick = (from, to, text, x, y, style) => {
      this.pen(theme.grid, 1);
      if (!covered) this.stroke(from, to);
      this.write(text, x, y, { color: theme.grey, ...style });
    };
    for (const [value, text] of this.ticksY) {
      const y = Math.round(this.y(value)) + 0.5;
      tick([left, y], [right, y], text, left - 6, y, { align: "right" });
    }
    for (const [value, text] of this.ticksX) {
      const x = Math.round(this.x(value)) + 0.5;
      tick([x, top], [x, bottom], text, Math.min(x, this.W - this.measure(text) / 2), bottom + 5, { base: "top" });
    }
    const y = top - theme.line * 0.55;
    if (panel.x.label) this.write(panel.x.label, right, bottom + 5 + theme.line, { align: "right", base: "top" });
    if (panel.y.label) this.write(panel.y.label, Math.max(0, left - 6 - theme.line), y, { align: "left", base: "bottom" });
  }

  /** The number of the first colour, dash and marker of each mark that has them. */
  firstColors() {
    let k = 0;
    return new Map(this.panel.marks.filter(({ kind }) => MARKS[kind].counted).map((mark) => {
      if (mark.color !== undefined) return [mark, mark.color === "ink" ? 0 : mark.color];
      k += this.count(mark);
      return [mark, k - this.count(mark)];
    }));
  }

  /** How many rows a mark has. */
  count({ y }) {
    return y && this.data.shape(y).length > 1 ? this.data.shape(y)[0] : 1;
  }

  /** The look of a mark's rows: [{label, k, color, dash}]. */
  looks(mark) {
    return Array.from({ length: this.count(mark) }, (_, row) => {
      const k = this.first.get(mark) + row, color = colorOf(this.theme, mark.color === "ink" ? "ink" : k);
      return { label: [mark.label].flat()[row], k, color, dash: DASHES[k % 6] };
    });
  }

  places(x, y) {
    const ys = this.data.now(y);
    return Array.from(this.data.now(x), (value, i) => [this.x(value), this.y(ys[i])]);
  }

  /** The rows of a line or path, in pixels, each with its look. */
  rows(mark) {
    const n = this.data.shape(mark.y).at(-1), own = this.data.shape(mark.x).length > 1;
    const xs = Array.from(this.data.now(mark.x), this.x), ys = Array.from(this.data.now(mark.y), this.y);
    return this.looks(mark).map((look, row) => {
      const from = own ? row * n : 0, start = row * n;
      return { ...look, from, start, xs: xs.slice(from, from + n), ys: ys.slice(start, start + n) };
    });
  }

  readRows(mark) {
    return this.rows(mark).map(({ xs, ys, from, start, label }) => ({
      label: label || this.label("y"),
      count: mark.rest ? xs.length : this.end(mark, xs.length),
      place: (i) => [xs[i], ys[i]],
      fields: [this.field(this.label("x"), mark.x, from), this.field(label || this.label("y"), mark.y, start)],
      shared: mark.x + from,
    }));
  }

  /** How many points of a mark are drawn: all, or as many as its Step has come to. */
  end(mark, count) {
    return mark.upto ? Math.min(this.data.at(mark.upto) + 1, count) : count;
  }

  rule(from, to) {
    this.pen(this.theme.ink, 1.6, DASHES[2]);
    if (known(...from) && known(...to)) this.stroke(from, to);
  }

  /** Where a heat map's values lie: the first one's place and the distance to the next. */
  cells(mark) {
    const [rows, columns] = this.data.shape(mark.z);
    const [x0, x1, y0, y1] = [mark.x0, mark.x1, mark.y0, mark.y1].map(this.one);
    const left = this.x(x0), bottom = this.y(y0);
    return { rows, columns, left, bottom, wide: (this.x(x1) - left) / (columns - 1), tall: (this.y(y1) - bottom) / (rows - 1) };
  }

  label(side) {
    return this.panel[side].label || side;
  }

  series() {
    return this.panel.marks.flatMap((mark) => MARKS[mark.kind].series?.(this, mark) ?? []);
  }

  legend() {
    this.first = this.firstColors();
    return this.panel.marks.flatMap((mark) => {
      const marker = (k) => MARKERS[k % 6];
      if (mark.kind === "points") {
        return (mark.labels ?? []).map((text, k) => ({ text, color: colorOf(this.theme, k), marker: marker(k) }));
      }
      if (!this.first.has(mark) || !mark.label) return [];
      const walks = mark.kind === "path";
      return this.looks(mark).map(({ label, k, ...look }) => ({ text: label, ...look, marker: walks && marker(k) }));
    });
  }
}
