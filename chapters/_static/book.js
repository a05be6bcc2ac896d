// Paper is white: a page that is read in the dark theme is printed in the light one.
(() => {
  const root = document.documentElement;
  let before = null;
  addEventListener("beforeprint", () => {
    before = root.dataset.theme;
    root.dataset.theme = "light";
  });
  addEventListener("afterprint", () => {
    root.dataset.theme = before;
  });
})();

// Formulas are set after the page has been painted once: setting them takes longer than all else.
if (window.MathJax)
  MathJax.startup = {
    pageReady: () =>
      new Promise((painted) => requestAnimationFrame(() => setTimeout(painted))).then(() =>
        MathJax.startup.defaultPageReady(),
      ),
  };
