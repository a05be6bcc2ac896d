// The numbers of a model. `arrays` describes them, `buffer` holds them, and one integer `at_<control>` for
// each control selects a block of every array that has this control among its axes.

const LAST_CODE = { u1: 255, u2: 65535 }; // says NaN
const TYPED = { u1: Uint8Array, u2: Uint16Array, f4: Float32Array };
const EASE_MS = 160;

/** What each array shows now (`now`), and what the controls stand for, to which it moves (`true`). */
class Arrays {
  constructor(model) {
    Object.assign(this, { model, shown: new Map(), target: new Map(), moves: new Map() });
    this.load();
  }

  /** Read the model's arrays and bytes anew. */
  load() {
    const data = this.model.get("buffer");
    const bytes = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data;
    this.bytes = new Uint8Array(bytes).slice().buffer; // a copy starts at a multiple of four
    this.entries = new Map(this.model.get("arrays").map((entry) => [entry.name, entry]));
    this.blocks = new Map();
  }

  at(control) {
    return Number(this.model.get("at_" + control) ?? 0); // a tick box says true
  }

  /** Take up the controls' indices; return the names of the arrays that changed. */
  refresh(now, ease) {
    const changed = new Set();
    for (const [name, entry] of this.entries) {
      const block = entry.axes.reduce((k, axis, i) => k * entry.counts[i] + this.at(axis), 0);
      if (this.blocks.get(name) === block) continue;
      this.blocks.set(name, block);
      const target = this.decode(entry, block);
      const from = this.shown.get(name);
      const moves = ease && !entry.whole && from?.length === target.length;
      this.target.set(name, target);
      this.shown.set(name, moves ? from : target);
      if (moves) this.moves.set(name, { from, start: now });
      else this.moves.delete(name);
      changed.add(name);
    }
    return changed;
  }

  decode(entry, block) {
    const { dtype, shape, offset, low, high, log } = entry;
    const size = shape.reduce((n, side) => n * side, 1);
    const codes = new TYPED[dtype](this.bytes, offset + block * size * TYPED[dtype].BYTES_PER_ELEMENT, size);
    if (dtype === "f4") return Float64Array.from(codes);
    const gap = LAST_CODE[dtype];
    const unit = (high - low) / (gap - 1);
    return Float64Array.from(codes, (code) => {
      if (code === gap) return NaN;
      return log ? Math.exp(low + code * unit) : low + code * unit;
    });
  }

  /** Move what is shown towards its target; return the names that moved. */
  step(now) {
    const moved = new Set(this.moves.keys());
    for (const [name, { from, start }] of this.moves) {
      const target = this.target.get(name);
      const part = Math.min(Math.max(now - start, 0) / EASE_MS, 1);
      const eased = 1 - (1 - part) ** 3;
      const between = (to, i) => (from[i] === from[i] ? from[i] + eased * (to - from[i]) : to); // gaps stay
      this.shown.set(name, part < 1 ? target.map(between) : target);
      if (part === 1) this.moves.delete(name);
    }
    return moved;
  }

  /** What a place shows: where a specification names a scalar, a number may stand for itself. */
  now(place) {
    return typeof place === "number" ? [place] : this.shown.get(place);
  }

  true(name) {
    return this.target.get(name);
  }

  shape(name) {
    return this.entries.get(name).shape;
  }

  /** [lowest, highest, least positive] over all settings, so that axes stand still; null if all are gaps. */
  range(place) {
    return typeof place === "number" ? [place, place, place > 0 ? place : null] : this.entries.get(place).range;
  }

  /** Say value `i` with no more digits than were stored. */
  say(name, i, digits = 4) {
    return sayNumber(this.true(name)[i], digits, this.entries.get(name));
  }
}
