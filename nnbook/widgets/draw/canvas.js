// A canvas with a pen: what all drawn panels share.

const DASHES = [[], [8, 4], [2, 3], [9, 3, 2, 3], [14, 5], [5, 2, 2, 2, 2, 2]];
const MARKERS = ["circle", "up", "square", "diamond", "down", "plus"];
const OUTLINES = {
  up: [[0, -1.15], [1.1, 0.8], [-1.1, 0.8]],
  square: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
  diamond: [[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]],
  down: [[0, 1.15], [1.1, -0.8], [-1.1, -0.8]],
  plus: [[-0.4, -1.1], [0.4, -1.1], [0.4, -0.4], [1.1, -0.4], [1.1, 0.4], [0.4, 0.4], [0.4, 1.1], [-0.4, 1.1],
    [-0.4, 0.4], [-1.1, 0.4], [-1.1, -0.4], [-0.4, -0.4]],
  star: Array.from({ length: 10 }, (_, k) => {
    const length = k % 2 ? 0.45 : 1, angle = (k * Math.PI) / 5;
    return [length * Math.sin(angle), -length * Math.cos(angle)];
  }),
};
const known = (x, y) => x === x && y === y; // neither is NaN

/** A panel's drawing: `panel` is its specification, `data` the arrays; `one` gives a scalar's value. */
class Canvas {
  constructor(panel, data) {
    Object.assign(this, { panel, data });
    this.one = (place) => (place === undefined ? undefined : data.now(place)[0]);
  }

  /** The names of all arrays in a specification. */
  names(said = this.panel) {
    if (typeof said === "object") return Object.values(said).flatMap((part) => this.names(part));
    return this.data.entries.has(said) ? [said] : [];
  }

  draw(ctx, W, H, theme) {
    Object.assign(this, { ctx, W, H, theme });
    ctx.clearRect(0, 0, W, H);
    this.paint();
  }

  legend() {
    return [];
  }

  pen(color, width, dash = [], alpha = 1) {
    const lineCap = dash.length ? "butt" : "round";
    Object.assign(this.ctx, { strokeStyle: css(color, alpha), lineWidth: width, lineJoin: "round", lineCap });
    this.ctx.setLineDash(dash);
  }

  stroke(...places) {
    this.ctx.beginPath();
    places.forEach(([x, y], i) => (i ? this.ctx.lineTo(x, y) : this.ctx.moveTo(x, y)));
    this.ctx.stroke();
  }

  /** Trace places first … end; a gap lifts the pen, and a lone point becomes a dot. */
  trace({ xs, ys }, first, end) {
    const { ctx } = this;
    ctx.beginPath();
    for (let i = first; i < end; i++) {
      if (!known(xs[i], ys[i])) continue;
      if (i > first && known(xs[i - 1], ys[i - 1])) ctx.lineTo(xs[i], ys[i]);
      else ctx.moveTo(xs[i], ys[i]), ctx.lineTo(xs[i] + 0.01, ys[i]);
    }
    ctx.stroke();
  }

  /** Add a marker of half width r to the current path. */
  marker(shape, x, y, r) {
    if (!known(x, y)) return;
    if (shape === "circle") return this.ctx.moveTo(x + r, y), this.ctx.arc(x, y, r, 0, 7);
    OUTLINES[shape].forEach(([dx, dy], i) => this.ctx[i ? "lineTo" : "moveTo"](x + r * dx, y + r * dy));
    this.ctx.closePath();
  }

  /** Draw markers set off from what lies below; `hollow` ones are filled with paper. */
  markers(shape, places, r, color, hollow = false) {
    this.ctx.beginPath();
    for (const [x, y] of places) this.marker(shape, x, y, r);
    this.pen(hollow ? color : this.theme.paper, hollow ? 1.8 : 1.2);
    this.ctx.fillStyle = css(hollow ? this.theme.paper : color);
    this.ctx.fill();
    this.ctx.stroke();
  }

  arrowHead(x, y, angle, size) {
    const corner = (turn) => [x - size * Math.cos(angle + turn), y - size * Math.sin(angle + turn)];
    this.ctx.beginPath();
    this.ctx.moveTo(x, y);
    this.ctx.lineTo(...corner(-0.42));
    this.ctx.lineTo(...corner(0.42));
    this.ctx.fillStyle = this.ctx.strokeStyle;
    this.ctx.fill();
  }

  /** Write words; with `halo` they stay readable on any ground. */
  write(text, x, y, { color = this.theme.ink, align = "center", base = "middle", part = 0.8, weight = 400, halo } = {}) {
    this.measure("", part, weight);
    Object.assign(this.ctx, { textAlign: align, textBaseline: base, fillStyle: css(color) });
    if (halo) this.pen(this.theme.paper, 3, [], 0.85), this.ctx.strokeText(text, x, y);
    this.ctx.fillText(text, x, y);
  }

  measure(text, part = 0.8, weight = 400) {
    this.ctx.font = this.theme.font(part, weight);
    return this.ctx.measureText(text).width;
  }

  widest(texts) {
    return Math.max(0, ...texts.map((text) => this.measure(text)));
  }

  /** One field of what can be read: [its name, index -> its words]. */
  field(name, place, offset = 0) {
    return [name, (i) => this.data.say(place, i + offset)];
  }
}
