// A plane: two axes and the marks between them.

class Plane extends Canvas {
  paint() {
    const { ctx, panel } = this;
    this.layOut();
    const covered = panel.marks.some(({ kind }) => kind === "heat" || kind === "gradient");
    this.paintAxes(covered);
    ctx.save();
    ctx.beginPath();
    ctx.rect(this.left, this.top - 1, this.wide + 1, this.tall + 1);
    ctx.clip();
    for (const mark of panel.marks) MARKS[mark.kind].draw(this, mark);
    ctx.restore();
    const { left, top, wide, tall } = this;
    this.pen(this.theme.grey, 1);
    this.stroke(...[[left, top], [left, top + tall], [left + wide, top + tall]].map((at) => at.map((v) => Math.round(v) - 0.5)));
  }

  /** Find the axes' limits, the room that their labels need, and the scales. */
  layOut() {
    const { panel, theme } = this;
    const x = this.limits("x"), y = this.limits("y");
    this.first = this.firstColors();
    this.top = theme.line * (panel.y.label ? 1.5 : 0.6);
    this.tall = Math.max(this.H - this.top - this.footHeight(panel.x), 20);
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
    const spans = marks.map((mark) => MARKS[mark.kind].spans(mark));
    const ranges = spans.flatMap((span) => span[side] ?? []).map((place) => this.data.range(place)).filter(Boolean);
    const lows = ranges.map((range) => (log ? range[2] : range[0])).filter((v) => v !== null);
    let low = this.number(axis.low) ?? Math.min(...lows);
    let high = this.number(axis.high) ?? Math.max(...ranges.map((range) => range[1]));
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

  paintAxes(covered) {
    const { theme, panel, left, top, wide, tall } = this;
    for (const [value, text] of this.ticksY) {
      const y = Math.round(this.y(value)) + 0.5;
      this.pen(theme.grid, 1);
      if (!covered) this.stroke([left, y], [left + wide, y]);
      this.write(text, left - 6, y, { align: "right", color: theme.grey });
    }
    this.axisBelow(this.ticksX, this.x, panel.x, top, top + tall, left + wide, covered);
    const y = top - theme.line * 0.55;
    if (panel.y.label) this.write(panel.y.label, Math.max(0, left - 6 - theme.line), y, { align: "left", base: "bottom" });
  }

  /** The number of each mark's first colour, dash and marker: lines, paths and histograms are counted. */
  firstColors() {
    let k = 0;
    return new Map(this.panel.marks.map((mark) => {
      if (!["line", "path", "histogram"].includes(mark.kind) || typeof mark.color === "string") return [mark, 0];
      const first = mark.color ?? k;
      const shape = mark.y ? this.data.shape(mark.y) : [];
      if (mark.color === undefined) k += shape.length > 1 ? shape[0] : 1;
      return [mark, first];
    }));
  }

  /** The rows of a line or path, in pixels, each with colour and dash. */
  rows(mark) {
    const shape = this.data.shape(mark.y), n = shape.at(-1);
    const several = shape.length > 1, own = this.data.shape(mark.x).length > 1;
    const xs = Array.from(this.data.now(mark.x), this.x), ys = Array.from(this.data.now(mark.y), this.y);
    return Array.from({ length: several ? shape[0] : 1 }, (_, row) => {
      const k = this.first.get(mark) + row, from = own ? row * n : 0;
      const color = colorOf(this.theme, several ? null : mark.color, k);
      const label = Array.isArray(mark.label) ? mark.label[row] : mark.label;
      const places = { xs: xs.slice(from, from + n), ys: ys.slice(row * n, row * n + n) };
      return { ...places, from, start: row * n, label, color, k, dash: DASHES[(mark.dash ?? k) % 6] };
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

  rule(mark, from, to) {
    this.pen(colorOf(this.theme, mark.color ?? "ink"), 1.6, DASHES[mark.dash ?? 1]);
    if (known(...from) && known(...to)) this.stroke(from, to);
  }

  readRule(mark, place, where) {
    const fields = [["at", () => sayNumber(this.data.true(place)[0])]];
    return mark.label ? [{ label: mark.label, count: 1, place: () => where(this.number(place)), fields }] : [];
  }

  /** Where a heat map's values lie: the first one's place and the distance to the next. */
  gridPlaces(mark, rows, columns) {
    const [x0, x1, y0, y1] = [mark.x0, mark.x1, mark.y0, mark.y1].map(this.number);
    const left = this.x(x0), bottom = this.y(y0);
    return { left, bottom, wide: (this.x(x1) - left) / (columns - 1), tall: (this.y(y1) - bottom) / (rows - 1) };
  }

  label(side) {
    return this.panel[side].label || side;
  }

  series() {
    return this.panel.marks.flatMap((mark) => MARKS[mark.kind].series(this, mark));
  }

  legend() {
    this.first = this.firstColors();
    return this.panel.marks.flatMap((mark) => this.legendOf(mark, this.first.get(mark)));
  }

  legendOf(mark, first) {
    const { theme } = this;
    if (mark.kind === "points") {
      return (mark.labels ?? []).map((text, k) => ({ text, color: colorOf(theme, null, k), marker: MARKERS[k % 6] }));
    }
    if (!mark.label) return [];
    if (mark.kind === "heat" && mark.levels === undefined) {
      return [{ text: mark.label, shade: ramp(theme, mark, this.data.entries.get(mark.z), this.number) }];
    }
    const counted = ["line", "path", "histogram"].includes(mark.kind);
    const rule = mark.kind === "hline" || mark.kind === "vline";
    return [mark.label].flat().map((text, row) => {
      const k = first + row;
      const color = counted ? colorOf(theme, Array.isArray(mark.label) ? null : mark.color, k) : colorOf(theme, mark.color ?? "ink");
      const dash = DASHES[(mark.dash ?? (counted ? k : rule ? 1 : 0)) % 6];
      return { text, color, dash, marker: mark.kind === "path" ? MARKERS[k % 6] : null };
    });
  }
}
