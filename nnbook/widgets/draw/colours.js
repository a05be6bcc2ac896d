// Colours: what the style sheet says for the current theme, as [r, g, b], and ramps between them.

function readTheme(root, probe) {
  const style = getComputedStyle(root);
  const rgb = (name) => {
    probe.style.color = style.getPropertyValue("--nn-" + name); // a browser resolves any way to say a colour
    return getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  };
  const size = parseFloat(style.fontSize);
  return {
    ...Object.fromEntries(["ink", "grey", "grid", "paper"].map((name) => [name, rgb(name)])),
    words: [rgb("t0"), rgb("t1")],
    series: [0, 1, 2, 3, 4, 5].map((k) => rgb("c" + k)),
    line: size * 1.1,
    font: (part, weight) => `${weight} ${(size * part).toFixed(2)}px ${style.fontFamily}`,
  };
}

const css = ([r, g, b], alpha = 1) => `rgba(${Math.round(r)},${Math.round(g)},${Math.round(b)},${alpha})`;
const mix = (a, b, part) => a.map((channel, i) => channel + (b[i] - channel) * part);

/** The colour of series `k`, unless `color` is "ink", "grey" or another number. */
function colorOf(theme, color, k = 0) {
  return theme[color] ?? theme.series[(color ?? k) % theme.series.length];
}

/**
 * The shade of a heat map, gradient or matrix: {low, high, at: value -> [r, g, b]}.
 * `mark` says ramp, center, reach, low and high; `entry` is the array, whose range fills in what is not said.
 */
function ramp(theme, mark, entry, number, depth = 0.6) {
  const [blue, vermillion] = theme.series;
  const [lowest, highest] = entry.range ?? [0, 1];
  if (mark.ramp === "classes" && entry.whole) {
    return { low: lowest, high: highest, at: (k) => mix(theme.paper, colorOf(theme, null, Math.round(k)), 0.34) };
  }
  if (mark.ramp === "amount") {
    const low = number(mark.low) ?? lowest, high = number(mark.high) ?? highest;
    const part = (value) => Math.max(0, Math.min(1, (value - low) / (high - low || 1)));
    return { low, high, at: (value) => mix(theme.paper, blue, depth * part(value)) };
  }
  const classes = mark.ramp === "classes"; // class 0 blue, class 1 vermillion, as the points are
  const center = number(mark.center) ?? (classes ? 0.5 : 0);
  const reach = number(mark.reach) ?? (classes ? 0.5 : Math.max(center - lowest, highest - center) || 1);
  const at = (value) => {
    const part = Math.max(-1, Math.min(1, (value - center) / reach));
    return mix(theme.paper, part < 0 === classes ? blue : vermillion, depth * Math.abs(part));
  };
  return { low: center - reach, high: center + reach, at };
}
