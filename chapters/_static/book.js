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
