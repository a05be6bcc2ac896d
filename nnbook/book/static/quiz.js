// Turns each question of the page into a form that answers; nothing is sent or kept.
(() => {
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // "1/3", "0,5" and "−2" are numbers too.
  const number = (text) => {
    const [over, under = "1", ...rest] = text.trim().replace(/−/g, "-").replace(",", ".").split("/");
    return over.trim() && under.trim() && !rest.length ? Number(over) / Number(under) : NaN;
  };

  const close = (value, code) => {
    const [right, within = 0] = code.split("±").map(number);
    return Math.abs(value - right) <= within + 1e-9 * Math.max(1, Math.abs(right));
  };

  // What an explanation says, without the paragraphs' frame where there is only one.
  const copy = (item) => [...item.cloneNode(true).childNodes];

  document.querySelectorAll(".nnbook-ask").forEach((box, place) => {
    const answers = box.querySelector(":scope > .nnbook-answers");
    const options = box.querySelector(":scope > .nnbook-options");
    const said = [...answers.querySelectorAll(":scope > .nnbook-said > li")];
    const predicts = box.classList.contains("predict");
    if (predicts && !options) return;

    const before = options ?? answers;
    let question = before.previousElementSibling;
    while (question && (question.tagName !== "P" || question.classList.contains("admonition-title")))
      question = question.previousElementSibling;

    const legend = make("legend", {}, ...question.childNodes);
    const fieldset = make("fieldset", {}, legend);
    const status = make("div", { className: "nnbook-status" });
    status.setAttribute("role", "status");
    const button = make("button", { type: "submit" }, predicts ? "Show the answer" : "Check");
    const form = make("form", { className: "nnbook-form", noValidate: true }, fieldset, button, status);
    before.before(form);
    question.remove();

    let field;
    if (options) {
      for (const item of options.children) {
        const text = item.querySelector(":scope > p") ?? item;
        const radio = make("input", { type: "radio", name: `nnbook-ask-${place}` });
        const label = make("label", {}, radio, make("span", {}, ...text.childNodes));
        item.replaceChildren(label);
      }
      fieldset.append(options);
    } else {
      field = make("input", { type: "text", inputMode: "decimal", autocomplete: "off", size: 10 });
      fieldset.append(make("label", {}, "Your answer: ", field));
    }

    const tell = (kind, ...content) => {
      status.className = `nnbook-status ${kind}`;
      status.replaceChildren(...content);
    };

    const judge = (item, otherwise) =>
      item ? tell(item.classList.contains("nnbook-right") ? "right" : "wrong", ...copy(item)) : tell("wrong", otherwise);

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!options) {
        const value = number(field.value);
        if (Number.isNaN(value)) return tell("", "Type a number, such as 0.5 or 1/2.");
        const found = said.find((item) => close(value, item.querySelector("code").textContent));
        return judge(found, "No. Work it out once more, or open the answers below.");
      }
      const chosen = [...form.querySelectorAll("input")].findIndex((radio) => radio.checked);
      if (chosen < 0) return tell("", "Choose one first.");
      if (said.length) judge(said[chosen]);
      else tell("", `Your prediction was number ${chosen + 1}. Now read on below.`);
      if (predicts) answers.open = true;
    });
    form.addEventListener("input", () => tell(""));
  });
})();
