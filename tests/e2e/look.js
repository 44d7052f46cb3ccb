// Looks at our cards in a page of Home Assistant, or at a page that is ours alone; axe is loaded beside it.
(() => {
  // They are below shadow roots of Home Assistant's own.
  const cards = (root = document) =>
    [...root.querySelectorAll("*")].flatMap((element) =>
      /^home-bms-.*-card$/.test(element.localName) ? [element] : element.shadowRoot ? cards(element.shadowRoot) : [],
    );

  const name = (element) =>
    `${element.localName}.${element.getAttribute("class") ?? ""} "${element.textContent.trim().replace(/\s+/g, " ").slice(0, 60)}"`;

  const RULES = {
    "sticks out": (element, box, card) => box.width > 0 && (box.left < card.left - 1 || box.right > card.right + 1),
    "is cut off": (element) =>
      [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()) &&
      getComputedStyle(element).overflowX !== "visible" &&
      element.scrollWidth > element.clientWidth + 1,
    "does not fit": (element) => element.localName === "ha-card" && element.scrollHeight > element.clientHeight + 1,
  };

  const clipped = (root, card) =>
    [...root.querySelectorAll("*")]
      // What only screen readers read, and what may be scrolled, is larger than its place.
      .filter((element) => element.localName !== "style" && !element.closest(".hidden, .scroll"))
      .flatMap((element) => {
        const box = element.getBoundingClientRect();
        const told = Object.keys(RULES)
          .filter((rule) => RULES[rule](element, box, card))
          .map((rule) => `${rule}: ${name(element)}`);
        const inside = element.shadowRoot && !element.localName.startsWith("ha-") ? clipped(element.shadowRoot, card) : [];
        return [...told, ...inside];
      });

  const overlapping = (drawing) => {
    const texts = [...drawing.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
    return texts.flatMap(([text, box], place) =>
      texts
        .slice(place + 1)
        .filter(([, b]) => box.left < b.right && b.left < box.right && box.top + 3 < b.bottom && b.top + 3 < box.bottom)
        .map(([other]) => `is written over: ${text} / ${other}`),
    );
  };

  const violations = async (context) => {
    const found = await axe.run(context, { resultTypes: ["violations"] });
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
  };

  window.look = {
    cards: () => cards().map((card) => card.localName),
    clipped: () => cards().flatMap((card) => clipped(card.shadowRoot, card.getBoundingClientRect())),
    violations: () => violations({ include: cards() }),
    paper: async () => {
      const main = document.querySelector("main");
      return [
        ...clipped(main, main.getBoundingClientRect()),
        ...[...main.querySelectorAll("svg")].flatMap(overlapping),
        ...(await violations(document)),
      ];
    },
  };
})();
