"use strict";
// Draws the charts of the page from the numbers in #data. Zoom: drag; back: double click; all charts follow one another.
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const time = (ms) => new Date(ms).toISOString().replace("T", " ").replace(/\.?0*Z$/, "") + " UTC";
  const graphs = [];

  function draw(id, rows, options) {
    const element = document.getElementById(id);
    if (!element || rows.length === 0) return null;
    const graph = new Dygraph(element, rows, Object.assign({
      labelsUTC: true, legend: "follow", gridLineColor: color("--line"), axisLineColor: color("--line"),
      dateWindow: [data.first, data.last], axes: { x: { valueFormatter: time }, y: { axisLabelWidth: 76 } },
      connectSeparatedPoints: true, animatedZooms: false,
    }, options));
    graphs.push(graph);
    return graph;
  }

  draw("equity", data.equity.map((r) => [new Date(r[0]), r[1]]),
       { labels: ["time", "equity"], colors: ["#1f77c9"], strokeWidth: 1.6 });
  draw("drawdown", data.equity.map((r) => [new Date(r[0]), -100 * r[2]]),
       { labels: ["time", "drawdown %"], ylabel: "", title: "Drawdown, %", titleHeight: 18, colors: [color("--bad")], fillGraph: true, strokeWidth: 1 });

  // Our fills as triangles: buys point up from below, sells down from above.
  function triangle(direction) {
    return function (g, series, canvas, x, y, fill) {
      canvas.fillStyle = fill;
      canvas.beginPath();
      canvas.moveTo(x, y);
      canvas.lineTo(x + 5, y + direction * 9);
      canvas.lineTo(x - 5, y + direction * 9);
      canvas.closePath();
      canvas.fill();
    };
  }

  // The life of each order at its price, behind everything else.
  function orders(list) {
    return function (canvas, area, graph) {
      const range = graph.xAxisRange();
      canvas.save();
      canvas.lineWidth = 1;
      canvas.globalAlpha = 0.3;
      for (const [begin, end, price, buy] of list) {
        const until = end === null ? data.last : end;
        if (until < range[0] || begin > range[1]) continue;
        const y = Math.round(graph.toDomYCoord(price)) + 0.5;
        canvas.strokeStyle = buy ? color("--good") : color("--bad");
        canvas.beginPath();
        canvas.moveTo(graph.toDomXCoord(Math.max(begin, range[0])), y);
        canvas.lineTo(graph.toDomXCoord(Math.min(until, range[1])), y);
        canvas.stroke();
      }
      canvas.restore();
    };
  }

  data.instruments.forEach((instrument, n) => {
    const rows = instrument.price.map((r) => [r[0], [r[1], r[3], r[2]], null, null]);
    for (const [ms, buy, price] of instrument.fills) {
      const point = [price, price, price];
      rows.push([ms, null, buy ? point : null, buy ? null : point]);
    }
    rows.sort((a, b) => a[0] - b[0]);
    draw("price-" + n, rows.map((r) => [new Date(r[0]), r[1], r[2], r[3]]), {
      labels: ["time", "price", "buy", "sell"], customBars: true, underlayCallback: orders(instrument.orders),
      series: {
        price: { color: color("--soft"), strokeWidth: 1.3 },
        buy: { color: color("--good"), strokeWidth: 0, drawPoints: true, pointSize: 5, drawPointCallback: triangle(1),
               drawHighlightPointCallback: triangle(1) },
        sell: { color: color("--bad"), strokeWidth: 0, drawPoints: true, pointSize: 5, drawPointCallback: triangle(-1),
                drawHighlightPointCallback: triangle(-1) },
      },
    });
  });

  if (graphs.length > 1) Dygraph.synchronize(graphs, { selection: false, zoom: true, range: false });
  document.body.dataset.drawn = String(graphs.length);
})();
