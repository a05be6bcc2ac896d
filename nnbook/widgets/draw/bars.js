// Bars from left to right, one a row, each with its number behind it, so that no axis is needed.

class Bars extends Canvas {
  paint() {
    const { panel, data, theme, ctx, W } = this;
    const values = data.now(panel.values), [lowest, highest] = data.range(panel.values) ?? [0, 1];
    const left = Math.min(this.widest(panel.labels) + 8, W * 0.45), bottom = this.H - (panel.x ? theme.line * 1.4 : 0);
    this.x = scale({ low: Math.min(0, lowest), high: Math.max(0, highest) || 1 }, left, W - this.measure("−0.0000"));
    this.pitch = Math.min(bottom / values.length, theme.line * 2.4);
    this.top = (bottom - this.pitch * values.length) / 2;
    const base = this.x(0), thick = Math.min(this.pitch * 0.62, 26);
    values.forEach((value, i) => {
      const [end, y] = this.place(i);
      this.write(panel.labels[i], left - 8, y, { align: "right" });
      ctx.fillStyle = css(theme.series[value < 0 ? 1 : 0], 0.9);
      if (value === value) ctx.fillRect(Math.min(base, end), y - thick / 2, Math.abs(end - base), thick);
      this.write(data.say(panel.values, i, 3), (value > 0 ? end : base) + 6, y, { align: "left" });
    });
    this.pen(theme.grey, 1);
    this.stroke([Math.round(base) + 0.5, 0], [Math.round(base) + 0.5, bottom]);
    if (panel.x) this.write(panel.x, left, this.H, { align: "left", base: "bottom" });
  }

  place(i) {
    return [this.x(this.data.now(this.panel.values)[i]), this.top + (i + 0.5) * this.pitch];
  }

  series() {
    const { values, labels, x } = this.panel;
    const fields = [["", (i) => labels[i]], this.field(x || "value", values)];
    return [{ label: "bars", count: labels.length, vertical: true, place: (i) => this.place(i), fields }];
  }
}
