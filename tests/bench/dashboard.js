// Measures our cards from inside a page of Home Assistant.
(() => {
  const find = (root, holds) => {
    for (const element of root.querySelectorAll("*")) {
      if (holds(element)) return element;
      const below = element.shadowRoot && find(element.shadowRoot, holds);
      if (below) return below;
    }
    return undefined;
  };
  // Ours, and one of Home Assistant's own; each with what is in it once it shows a value.
  const SHOWS = { "home-bms-pack-card": ".soc", "hui-tile-card": "ha-tile-info" };
  const marks = {};

  // Looks at each frame: when Home Assistant knows its states, when a card is on the page, when it shows a value.
  const look = () => {
    const now = performance.now();
    const { hass } = document.querySelector("home-assistant") ?? {};
    if (hass?.states && hass.user) marks.ready ??= now;
    const card = marks.ready && find(document, ({ localName }) => localName in SHOWS);
    if (card) marks.placed ??= now;
    if (card?.shadowRoot?.querySelector(SHOWS[card.localName])) marks.shown ??= now;
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);

  // A card that is told as many seconds of a day as it is asked to be, faster than they pass.
  const begin = async () => {
    const { hass } = document.querySelector("home-assistant");
    const { systems } = await hass.callWS({ type: "home_bms/systems" });
    const event = await new Promise((done) => {
      hass.connection.subscribeMessage(done, { type: "home_bms/pack", device_id: systems[0].packs[0].device_id });
    });
    let tell;
    const connection = {
      subscribeMessage: (callback) => ((tell = callback), Promise.resolve(() => Promise.resolve())),
      addEventListener: () => {},
      removeEventListener: () => {},
    };
    const card = document.createElement("home-bms-pack-card");
    card.setConfig({ type: "custom:home-bms-pack-card" });
    card.hass = { ...hass, connection, callWS: async () => ({ systems }) };
    document.body.append(card);
    while (!tell) await new Promise((done) => setTimeout(done));
    return async (from, count) => {
      for (let second = from; second < from + count; second++) {
        const swing = Math.sin(second / 7000) + Math.sin(second * 12.9898) / 50;
        tell({
          ...event,
          time: event.time + second,
          current: 60 * swing,
          power: 3200 * swing,
          soc: 50 + 40 * swing,
          soc_low: 48 + 40 * swing,
          soc_high: 52 + 40 * swing,
          voltages: event.voltages.map((value, cell) => value + 0.05 * swing + Math.sin(second * (cell + 1)) / 500),
        });
        await card.updateComplete;
      }
    };
  };

  window.bench = { marks, begin };
})();
