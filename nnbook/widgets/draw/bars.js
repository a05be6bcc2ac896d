// Bars from left to right, one a row, each with its number behind it.

class Bars extends Canvas {
  paint() {
    const { panel, data, theme, ctx } = this;
    const values = data.now(panel.values), errors = panel.errors && data.now(panel.errors);
    const limits = this.limits();
    const left = Math.min(this.widest(panel.labels) + 8, this.W * 0.45), right = this.W - this.measure("−0.0000");
    const bottom = this.H - this.footHeight(panel.x);
    this.x = scale(limits, left, right);
    this.pitch = Math.min(bottom / values.length, theme.line * 2.4);
    this.top = (bottom - this.pitch * values.length) / 2;
    const base = limits.log ? left : this.x(Math.max(limits.low, Math.min(0, limits.high)));
    const found = ticks(limits, Math.max(2, Math.floor((right - left) / (theme.line * 3.6))));
    this.axisBelow(found, this.x, panel.x, 0, bottom, right);
    values.forEach((value, i) => {
      const y = this.middle(i), end = this.x(value), error = errors?.[i] || 0;
      this.write(panel.labels[i], left - 8, y, { align: "right" });
      if (end !== end) return this.write("–", base + 6, y, { align: "left", color: theme.grey });
      const thick = Math.min(this.pitch * 0.62, 26);
      ctx.fillStyle = css(theme.series[end < base ? 1 : 0], 0.9);
      ctx.fillRect(Math.min(base, end), y - thick / 2, Math.abs(end - base), thick);
      this.pen(theme.ink, 1.6);
      if (error) this.stroke([this.x(value - error), y], [this.x(value + error), y]);
      this.write(this.say(i), Math.max(base, this.x(value + error)) + 6, y, { align: "left" });
    });
    this.pen(theme.grey, 1);
    this.stroke([Math.round(base) + 0.5, 0], [Math.round(base) + 0.5, bottom]);
  }

  limits() {
    const { x, values, errors } = this.panel;
    const [lowest, highest, least] = this.data.range(values) ?? [0, 1, 1];
    const more = errors ? this.data.range(errors)?.[1] ?? 0 : 0;
    const low = this.number(x.low) ?? (x.log ? (least ?? 0.1) / 1.5 : Math.min(0, lowest - more));
    const high = this.number(x.high) ?? (x.log ? highest * 1.2 : Math.max(0, highest + more));
    return { low, high: low < high ? high : x.log ? low * 10 : low + 1, log: x.log };
  }

  middle(i) {
    return this.top + (i + 0.5) * this.pitch;
  }

  say(i) {
    const { values, digits } = this.panel;
    return digits === undefined ? this.data.say(values, i, 3) : formatNumber(this.data.true(values)[i], `.${digits}f`);
  }

  series() {
    const { values, labels, errors, x } = this.panel;
    const fields = [["", (i) => labels[i]], this.field(x.label || "value", values)];
    if (errors) fields.push(this.field("±", errors));
    const place = (i) => [this.x(this.data.now(values)[i]), this.middle(i)];
    return [{ label: "bars", count: labels.length, vertical: true, place, fields }];
  }
}
