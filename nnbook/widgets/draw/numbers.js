// Numbers: said in words, and mapped to pixels by scales with ticks.

/** Use the sign for minus, and none for zero. */
const minus = (text) => (/[1-9∞]/.test(text) ? text.replace(/-/g, "−") : text.replace(/^-/, ""));

/** Say a number with `digits` figures, fewer if `entry`, the array that it comes from, knows it less well. */
function sayNumber(value, digits = 4, entry = null) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "–" : minus(value > 0 ? "∞" : "-∞");
  if (value === 0) return "0";
  const size = Math.floor(Math.log10(Math.abs(value)));
  let figures = digits;
  if (LAST_CODE[entry?.dtype] && entry.high > entry.low) {
    const unit = Math.log10((entry.high - entry.low) / (LAST_CODE[entry.dtype] - 1));
    figures = Math.min(digits, (entry.log ? 1 : size + 1) - Math.floor(unit));
    if (entry.whole) figures = Math.max(size + 1, 1);
    if (figures < 1) return "0";
  }
  if (size < -4 || size > 5) return minus(value.toExponential(figures - 1).replace("+", ""));
  return minus(String(Number(value.toPrecision(figures))));
}

/** Format a number as Python's format(value, how) does, for f e g d and %. */
function formatNumber(value, how) {
  if (!how || !Number.isFinite(value)) return sayNumber(value);
  const [, plus, places = 6, kind] = /^(\+?)(?:\.(\d+))?([fegd%])$/.exec(how);
  const power = (text) => text.replace(/e([+-])(\d)$/, "e$10$2");
  const general = () => {
    const [mantissa, size] = value.toExponential(Math.max(places, 1) - 1).split("e").map(Number);
    if (size >= -4 && size < Math.max(places, 1)) return String(Number(value.toPrecision(Math.max(places, 1))));
    return power(`${mantissa}e${size < 0 ? "" : "+"}${size}`);
  };
  const text = {
    f: () => value.toFixed(places),
    e: () => power(value.toExponential(places)),
    g: general,
    d: () => value.toFixed(0),
    "%": () => (100 * value).toFixed(places) + "%",
  }[kind]();
  return minus((plus && value >= 0 ? "+" : "") + text);
}

/** A map from data to pixels; what a logarithm does not take becomes NaN. */
function scale({ low, high, log }, from, to) {
  const f = log ? (v) => (v > 0 ? Math.log10(v) : NaN) : (v) => v;
  const slope = (to - from) / (f(high) - f(low));
  const place = (v) => Math.max(-1e6, Math.min(1e6, from + (f(v) - f(low)) * slope));
  place.back = (pixel) => (log ? 10 ** (f(low) + (pixel - from) / slope) : low + (pixel - from) / slope);
  return place;
}

/** Return [[value, text], …] for an axis with room for about `room` labels. */
function ticks({ low, high, log }, room) {
  if (log && high / low > 15) return logTicks(Math.log10(low), Math.log10(high), room);
  const rough = (high - low) / Math.max(room, 1);
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((k) => k * unit >= rough * 0.9999);
  const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const most = Math.max(Math.abs(low), Math.abs(high));
  const tall = most >= 1e5 || most < 1e-4;
  const say = (value) => (tall ? sayNumber(value, 3) : minus(value.toFixed(value ? places : 0)));
  const found = [];
  for (let k = Math.ceil(low / step - 1e-6); k * step <= high + step * 1e-6; k++) {
    found.push([k * step, say(k * step)]);
  }
  return found;
}

function logTicks(low, high, room) {
  const first = Math.ceil(low - 1e-6), last = Math.floor(high + 1e-6);
  const stride = Math.ceil((last - first + 1) / Math.max(room, 1));
  const raised = (k) => "10" + String(k).replace(/./g, (sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign]));
  const say = first >= -2 && last <= 3 ? (k) => String(Number((10 ** k).toPrecision(1))) : raised;
  const found = [];
  for (let k = Math.ceil(first / stride) * stride; k <= last; k += stride) found.push([10 ** k, say(k)]);
  return found;
}
