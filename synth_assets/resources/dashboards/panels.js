// Evidently's page asks for the lines of all panels at once and draws them all before any can be
// looked at: twenty seconds for a year of runs. Here the panels of one tab are shown, the tabs, which
// that page does not know, stand over them as links, and the question of a panel waits until it is
// near the window. Thresholds and alarms are amber and red. Plots that do not go over runs, which
// that page does not draw, come with the dashboard and are put under the text of their panels.
// Which panel asks is told by the dashboard, whose panels stand in the page in its order. Where
// that is not so, as in another version of the page, nothing waits.
(() => {
  const AMBER = "#e09400";
  const RED = "#d32f2f";
  const COLOURS = {
    "amber from here": AMBER,
    "red from here": RED,
    threshold: RED,
    warned: AMBER,
    blocked: RED,
  };
  const MANY_RUNS = 40;
  const ask = window.fetch.bind(window);
  const waiting = new Map();
  let panels = [];
  let tabs = [];
  let plots = {};

  // Charts that grow into place take longer than all else.
  const matches = window.matchMedia.bind(window);
  window.matchMedia = (query) =>
    matches(query.includes("prefers-reduced-motion") ? "(min-width: 0)" : query);

  const question = (values) =>
    JSON.stringify(
      values.map((line) => [line.metric, line.tags ?? [], line.metadata ?? {}, line.metric_labels]),
    );

  // The tab stands in the address, so that it can be linked to.
  const current = () => {
    const asked = new URLSearchParams(location.search).get("tab");
    return tabs.find((tab) => tab.title === asked) ?? tabs[0];
  };
  const open = (tab) => {
    history.pushState(null, "", `?tab=${encodeURIComponent(tab.title)}`);
    dispatchEvent(new PopStateEvent("popstate"));
  };

  const learn = (dashboard) => {
    ({ tabs, plots = {} } = dashboard);
    delete dashboard.plots;
    const hidden = new Set(tabs.flatMap((tab) => (tab === current() ? [] : tab.panels)));
    dashboard.panels = dashboard.panels.filter((panel) => !hidden.has(panel.id));
    panels = dashboard.panels.map(({ id, title, values }) => ({
      id,
      title,
      asks: question(values),
      legends: values.map((line) => line.legend),
    }));
    drawing.observe(document, { childList: true, subtree: true });
  };

  // While a tab is left, its panels are still there.
  const grid = () =>
    [...document.querySelectorAll(".MuiGrid-container")].find(
      ({ children }) =>
        children.length === panels.length &&
        children[0]?.textContent.includes(panels[0].title ?? ""),
    );

  const drawing = new MutationObserver(() => {
    const cards = grid();
    if (!cards) return;
    drawing.disconnect();
    showTabs(cards);
    panels.forEach(({ id }, place) => {
      if (!plots[id]) return;
      const drawn = document.createElement("div");
      drawn.className = "plots";
      drawn.innerHTML = plots[id];
      cards.children[place].querySelector(".MuiCard-root").append(drawn);
    });
  });

  const showTabs = (cards) => {
    const links = document.createElement("nav");
    links.className = "tabs";
    for (const tab of tabs.length > 1 ? tabs : []) {
      const link = document.createElement("button");
      link.textContent = tab.title;
      link.ariaCurrent = tab === current() ? "page" : "false";
      link.onclick = () => open(tab);
      links.append(link);
    }
    links.append(document.createElement("style"));
    document.querySelector("nav.tabs")?.remove();
    cards.before(links);
  };

  const dress = (card, panel, { series, sources }) => {
    card.toggleAttribute("data-many-runs", sources.length > MANY_RUNS);
    card.dataset.card = panel.id;
    const here = `[data-card="${panel.id}"]`;
    const rules = series.map(({ filter_index }, place) => {
      const colour = COLOURS[panel.legends[filter_index]];
      const line = `-series-auto-generated-id-${place}`;
      return colour
        ? `${here} .MuiLineElement${line}{stroke:${colour};stroke-dasharray:7 5}` +
            `${here} .MuiMarkElement${line}{display:none}` +
            `${here} .MuiBarElement${line}{fill:${colour}}` +
            `${here} li:nth-child(${place + 1}) .MuiChartsLabelMark-fill{fill:${colour}}`
        : "";
    });
    document.querySelector("nav.tabs style")?.append(...rules);
  };

  // Whatever arrives makes the page draw all of its charts again, so what comes into view together
  // arrives together.
  const release = async (cards) => {
    const asked = cards.map((card) => ({ card, ...waiting.get(card) }));
    for (const card of cards) {
      watcher.unobserve(card);
      waiting.delete(card);
    }
    const answers = await Promise.all(asked.map(whole));
    asked.forEach(({ resolve }, place) => resolve(answers[place]));
  };
  const whole = async ({ card, panel, request }) => {
    const answer = await ask(request);
    if (answer.ok) {
      const body = await answer.json();
      answer.json = () => Promise.resolve(body);
      dress(card, panel, body);
    }
    return answer;
  };
  const watcher = new IntersectionObserver(
    (seen) => release(seen.filter((each) => each.isIntersecting).map((each) => each.target)),
    { rootMargin: "200px" },
  );
  window.addEventListener("beforeprint", () => release([...waiting.keys()]));

  const inView = async (request) => {
    const cards = grid();
    if (!cards) return ask(request);
    const asks = question((await request.clone().json()).series_filter);
    const panel = panels.find((each) => !each.hasAsked && each.asks === asks);
    if (!panel) return ask(request);
    panel.hasAsked = true;
    const card = cards.children[panels.indexOf(panel)];
    return new Promise((resolve) => {
      waiting.set(card, { panel, request, resolve });
      watcher.observe(card);
    });
  };

  window.fetch = async (input, init) => {
    const request = new Request(input, init);
    const path = new URL(request.url).pathname;
    if (path.endsWith("/data_series_batch")) return inView(request);
    const answer = await ask(request);
    if (!path.startsWith("/api/v2/dashboards/") || request.method !== "GET" || !answer.ok)
      return answer;
    const dashboard = await answer.json();
    learn(dashboard);
    return Response.json(dashboard);
  };
})();
