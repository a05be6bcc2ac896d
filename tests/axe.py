"""Asks axe-core what on a page breaks WCAG 2.0 to 2.2, levels A and AA."""

from axe_playwright_python.sync_playwright import Axe

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
COLOURS = ["color-contrast", "link-in-text-block"]  # the rules that one theme may keep and another break

# Words of code and of formulas that look alike, down to the grounds that they stand on, are judged once: a
# chapter has ten thousand of them in a few dozen looks, and axe takes a millisecond for each. Words that name
# what can be pressed stay: hidden, they would name nothing.
HIDE = """() => {
  const looks = new Set(), grounds = new Map();
  const ground = (one) => {
    if (!one) return "";
    if (!grounds.has(one)) {
      const { backgroundColor, backgroundImage, opacity } = getComputedStyle(one);
      grounds.set(one, [ground(one.parentElement), backgroundColor, backgroundImage, opacity].join());
    }
    return grounds.get(one);
  };
  for (const word of document.querySelectorAll(":is(code, pre, dt.sig, mjx-container) :not(:has(*))")) {
    if (word.closest("a, button, label, summary")) continue;
    const { color, fontSize, fontWeight, textShadow } = getComputedStyle(word);
    const look = [color, fontSize, fontWeight, textShadow, ground(word)].join();
    if (looks.has(look)) word.classList.add("axe-twin");
    looks.add(look);
  }
  const sheet = document.createElement("style");
  sheet.textContent = ".axe-twin { visibility: hidden !important; transition: none !important }";
  sheet.id = "axe-twins";
  document.head.append(sheet);
}"""
SHOW = """() => {
  document.getElementById("axe-twins").remove();
  for (const word of document.querySelectorAll(".axe-twin")) word.classList.remove("axe-twin");
}"""


def violations(page, context=None, *, colours_only=False) -> list[str]:
    """Return one line for each element of the page, or of ``context``, that breaks a rule.

    With ``colours_only`` the rules that do not depend on the theme are left out.
    """
    rules = {"type": "rule", "values": COLOURS} if colours_only else TAGS
    options = {"resultTypes": ["violations"], "preload": False, "runOnly": rules}
    page.evaluate(HIDE)
    answer = Axe().run(page, context=context, options=options).response
    page.evaluate(SHOW)
    return [
        f"{rule['id']}: {node['html'][:160]}: {node['failureSummary']}"
        for rule in answer["violations"]
        for node in rule["nodes"]
    ]
