// Draws the charts of a page: what they show stands beside them in words, for whoever cannot see them.
(() => {
  "use strict";

  const DASHES = [[6, 4], []];
  const HOLDERS = "Holds, held or asks";
  const format = (value) => (value === null || value === undefined ? "–" : String(Number(value.toPrecision(6))));
  // Of a chart that nobody points at, the legend has names only.
  const pointed = (words) => (plot, value, series, at) => (at === null || at === undefined ? "" : words(value, at));
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000];
  const axes = (xValues, whole) => {
    const line = { stroke: colour("--cp-muted"), grid: { stroke: colour("--cp-border"), width: 1 }, ticks: { stroke: colour("--cp-border") } };
    return [{ ...line, ...(xValues ? { values: xValues } : {}), ...(whole ? { incrs: WHOLE } : {}) }, { ...line, size: 64 }];
  };

  const say = (chart, text) => {
    const note = chart.querySelector(".chart-note");
    note.textContent = text;
    note.hidden = !text;
  };

  const load = async (chart, url) => {
    chart.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      const said = await answer.json();
      if (!answer.ok) throw new Error(said.message || "This cannot be shown now.");
      return said;
    } catch (failure) {
      say(chart, failure instanceof SyntaxError || failure instanceof TypeError ? "There was no answer. Reload the page to try again." : failure.message);
      return null;
    } finally {
      chart.removeAttribute("aria-busy");
    }
  };

  const place = (chart, options, data) => {
    const canvas = chart.querySelector(".chart-canvas");
    chart.plot?.destroy();
    chart.plot = new uPlot({ width: canvas.clientWidth, height: 260, cursor: { drag: { x: true, y: false } }, ...options }, data, canvas);
  };

  const fill = (chart, head, rows) => {
    const table = chart.querySelector(".chart-table");
    table.replaceChildren();
    for (const cells of [head, ...rows]) {
      const row = table.insertRow();
      for (const [at, text] of cells.entries()) {
        const cell = document.createElement(cells === head || at === 0 ? "th" : "td");
        if (cells === head) cell.scope = "col";
        else if (at === 0) cell.scope = "row";
        cell.textContent = text;
        row.append(cell);
      }
    }
    table.hidden = rows.length === 0;
  };

  const drawCurves = (chart, said) => {
    const byTime = chart.querySelector("[value=time]").checked;
    const shown = said.series.filter((series) => series.logged > 0);
    const isSampled = shown.some((series) => series.is_sampled);
    chart.querySelector(".chart-every").hidden = !isSampled;
    const colours = [colour("--cp-muted"), colour("--cp-accent")].slice(-said.series.length);
    say(
      chart,
      shown.length === 0
        ? "No run logged this metric."
        : shown.every((series) => series.logged === 1)
          ? "It was logged once, so there is no curve."
          : [
              isSampled && "Of many values MLflow chose some, evenly spaced: what lies between them is not shown.",
              shown.some((series) => series.is_cut) && "Of more values than these the later ones are left out.",
              shown.some((series) => series.gaps > 0) && "Values that are no finite numbers are left out.",
            ]
              .filter(Boolean)
              .join(" "),
    );
    const start = byTime ? (series) => series.times[0] : () => 0;
    const tables = said.series.map((series) => {
      const from = start(series);
      return [(byTime ? series.times : series.steps).map((x) => x - (byTime ? from : 0)), series.values];
    });
    const data = tables.length > 1 ? uPlot.join(tables) : tables[0];
    const seconds = (_, values) => values.map((value) => (value >= 3600 ? `${+(value / 3600).toFixed(1)} h` : value >= 60 ? `${+(value / 60).toFixed(1)} min` : `${value} s`));
    place(
      chart,
      {
        scales: { x: { time: false } },
        axes: axes(byTime ? seconds : null),
        series: [
          { label: byTime ? "Seconds since its start" : "Step", value: pointed(format) },
          ...said.series.map((series, at) => ({
            label: series.label,
            stroke: colours[at],
            width: 2,
            dash: said.series.length > 1 ? DASHES[at] : [],
            spanGaps: true,
            points: { fill: colour("--cp-surface") },
            value: pointed(format),
          })),
        ],
      },
      data,
    );
    // Of a metric of which nobody knows which values are better, neither end is the one to be named.
    const of = isSampled ? " shown" : "";
    const ends = [[`Lowest${of}`, Math.min], [`Highest${of}`, Math.max]].filter((_, at) => said.better !== ["higher", "lower"][at]);
    fill(
      chart,
      ["Run of", "Logged", "First", ...ends.map(([name]) => name), "Last"],
      shown.map((series) => {
        const values = series.values.filter((value) => value !== null);
        const best = ends.map(([, end]) => (values.length ? format(end(...values)) : "–"));
        const logged = series.is_sampled ? `${series.logged}+` : String(series.logged);
        return [series.label, logged, format(values[0]), ...best, format(values.at(-1))];
      }),
    );
  };

  const drawVersions = (chart, said) => {
    const choice = chart.querySelector("select");
    if (choice.options.length === 0) {
      for (const metric of said.metrics) choice.add(new Option(metric, metric, false, metric === said.metric));
    }
    const words = [
      said.points.length === 0 && "Nothing was measured of these versions.",
      said.points.length > 0 && said.is_cut && `The newest ${said.versions} versions are shown.`,
      said.elsewhere.length > 0 &&
        `Another run is named than the one that made the files, whose figures are shown, by version ${said.elsewhere.join(", ")}.`,
    ];
    say(chart, words.filter(Boolean).join(" "));
    const marked = said.points.map((point) => (point.marks.length ? point.value : null));
    place(
      chart,
      {
        scales: { x: { time: false } },
        axes: axes(null, true),
        series: [
          { label: "Version", value: pointed(String) },
          { label: said.metric, stroke: colour("--cp-muted"), width: 1, points: { show: true, size: 6, fill: colour("--cp-surface") }, value: pointed(format) },
          {
            label: HOLDERS,
            stroke: colour("--cp-accent"),
            width: 0,
            paths: () => null,
            points: { show: true, size: 12, width: 3, fill: colour("--cp-surface") },
            value: pointed((_, at) => said.points[at]?.marks.join(", ") || "–"),
          },
        ],
      },
      [said.points.map((point) => point.version), said.points.map((point) => point.value), marked],
    );
    fill(
      chart,
      ["Version", said.metric, HOLDERS],
      said.points.filter((point) => point.marks.length).map((point) => [`Version ${point.version}`, format(point.value), point.marks.join(", ")]),
    );
  };

  const begin = (chart) => {
    chart.isBegun = true;
    const draw = chart.dataset.kind === "versions" ? drawVersions : drawCurves;
    const every = chart.querySelector(".chart-every");
    let said = null;
    let isEveryAsked = false;
    const refresh = async () => {
      const address = new URL(chart.dataset.url, location.href);
      const chosen = chart.querySelector("select").value;
      if (chosen) address.searchParams.set("metric", chosen);
      const along = chart.querySelector("[type=radio]:checked");
      if (along) address.searchParams.set("along", along.value); // its order, and what stays of it, is the server's
      if (isEveryAsked) address.searchParams.set("every", "1");
      said = await load(chart, address);
      if (said) draw(chart, said);
    };
    chart.querySelector("select").addEventListener("change", () => {
      isEveryAsked = false; // it takes seconds: asked for one metric, it is not asked for the next
      refresh();
    });
    every?.addEventListener("click", () => {
      isEveryAsked = true;
      every.hidden = true;
      say(chart, "MLflow is asked for every value, which may take some seconds.");
      chart.querySelector("select").focus();
      refresh();
    });
    for (const radio of chart.querySelectorAll("[type=radio]")) radio.addEventListener("change", refresh);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => said && draw(chart, said));
    new ResizeObserver(() => chart.plot?.setSize({ width: chart.querySelector(".chart-canvas").clientWidth, height: 260 })).observe(chart);
    // Asked for only when somebody comes near: a page that nobody scrolls costs MLflow nothing.
    new IntersectionObserver((entries, observer) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      refresh();
    }, { rootMargin: "200px" }).observe(chart);
    chart.closest("[hidden]")?.removeAttribute("hidden");
  };

  const beginAll = () => document.querySelectorAll(".chart").forEach((chart) => chart.isBegun || begin(chart));
  document.addEventListener("htmx:afterSettle", beginAll); // the page after an action takes the place of this one
  beginAll();
})();
