/** Tells uPlot how a pane is to be drawn. */

import uPlot from "uplot";

import type { HomeAssistant } from "../hass";
import type { Aligned } from "./align";
import type { Range } from "./points";
import { momentLabel, RELATIVE_STEPS, relativeLabel, spread, valueLabel } from "./scale";
import type { Colour, Mark, Pane, Severity } from "./spec";

/** px at the left of every pane for its values, so that their times stand above each other. */
export const AXIS = 56;
/** px at the right of every pane. */
export const EDGE = 10;
/** px below the last pane for its times. */
export const TIMES = 28;

export const SEVERITY_COLOURS: Readonly<Record<Severity, Colour>> = {
  info: "quiet",
  warning: "warn",
  serious: "bad",
  critical: "bad",
};

/** What all panes of a chart have in common. */
export interface Paint {
  readonly hass: () => HomeAssistant;
  /** A colour of the palette as the canvas takes it, `share` of it opaque. */
  readonly colour: (name: Colour | "line", share?: number) => string;
  readonly marks: () => readonly Mark[];
  readonly relative: boolean;
  readonly font: string;
  /** Something was selected by dragging. */
  readonly select: (range: Range) => void;
  /** The cursor is so many px from the left, or nowhere. */
  readonly point: (from: uPlot, left: number | null) => void;
  readonly home: () => void;
}

/** The options of one pane; `times` says whether the time axis is written below it. */
export function options(pane: Pane, paint: Paint, size: { readonly width: number; readonly height: number }, times: boolean): uPlot.Options {
  const { series, bands } = lines(pane, paint);
  const axis = { stroke: () => paint.colour("quiet"), font: paint.font, ticks: { show: false } };
  const grid = { stroke: () => paint.colour("line"), width: 1 };
  const { locale, config } = paint.hass();
  const tzDate = (seconds: number): Date => {
    const date = new Date(seconds * 1000);
    return locale.time_zone === "server" ? uPlot.tzDate(date, config.time_zone) : date;
  };
  return {
    ...size,
    tzDate,
    padding: [6, EDGE, times ? 0 : 6, 0],
    legend: { show: false },
    series: [{}, ...series],
    bands,
    scales: {
      x: { time: !paint.relative, auto: false },
      y: { range: (_, low, high) => (pane.flags ? [0, 1.15] : spread(...reach(pane, low, high), pane.least)) },
    },
    axes: [
      {
        ...axis,
        grid,
        size: times ? TIMES : 0,
        space: 70,
        ...(paint.relative ? { incrs: RELATIVE_STEPS } : {}),
        values: (_, splits, __, ___, step) => {
          if (!times) return splits.map(() => "");
          if (paint.relative) return splits.map((split) => relativeLabel(paint.hass(), split, step < 1 ? 1 : 0));
          return splits.map((split) => momentLabel(paint.hass(), split, step, isMidnight(tzDate(split))));
        },
      },
      {
        ...axis,
        grid: pane.flags ? { show: false } : grid,
        size: AXIS,
        space: 32,
        values: (_, splits, __, ___, step) => splits.map((split) => (pane.flags ? "" : valueLabel(paint.hass(), split, step))),
      },
    ],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false, dist: 6 },
      bind: {
        dblclick: () => () => {
          paint.home();
          return null;
        },
      },
    },
    hooks: {
      setCursor: [(plot) => paint.point(plot, (plot.cursor.left ?? -1) < 0 ? null : (plot.cursor.left ?? null))],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 2) return;
          const range = { from: plot.posToVal(left, "x"), to: plot.posToVal(left + width, "x") };
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          paint.select(range);
        },
      ],
      draw: [(plot) => strike(plot, pane, paint)],
    },
  };
}

/** The data in the order of the series. */
export function columns({ times, columns: lines }: Aligned): uPlot.AlignedData {
  return [times, ...lines.flatMap(({ values, highs, lows }) => (highs && lows ? [highs, lows, values] : [values]))];
}

function lines(pane: Pane, paint: Paint): { series: uPlot.Series[]; bands: uPlot.Band[] } {
  const series: uPlot.Series[] = [];
  const bands: uPlot.Band[] = [];
  const places = new Map<string, number>();
  for (const { key, colour, dash, width, step, band } of pane.lines) {
    const paths = step ? uPlot.paths.stepped?.({ align: 1 }) : uPlot.paths.linear?.();
    const common = { ...(paths ? { paths } : {}), points: { show: false } };
    if (band) {
      bands.push({ series: [series.length + 1, series.length + 2], fill: () => paint.colour(colour, 0.2) });
      series.push({ ...common, width: 0 }, { ...common, width: 0 });
    }
    places.set(key, series.length + 1);
    series.push({
      ...common,
      stroke: () => paint.colour(colour),
      width: width ?? 1.5,
      ...(dash ? { dash: [...dash] } : {}),
      ...(pane.flags ? { fill: () => paint.colour(colour, 0.35) } : {}),
    });
  }
  const [upper, lower] = (pane.between ?? []).map((key) => places.get(key));
  if (upper && lower) bands.push({ series: [upper, lower], fill: () => paint.colour("text", 0.08) });
  return { series, bands };
}

/** What is to be seen of a pane: its values and its levels. */
function reach(pane: Pane, low: number | null, high: number | null): [number | null, number | null] {
  const all = [low, high, ...(pane.levels ?? []).map(({ value }) => value)].filter((value) => value !== null && Number.isFinite(value));
  return all.length ? [Math.min(...(all as number[])), Math.max(...(all as number[]))] : [null, null];
}

/** Draw what is no line: a stroke down for each mark, one across for each level. */
function strike(plot: uPlot, pane: Pane, paint: Paint): void {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.lineWidth = ratio;
  ctx.setLineDash([3 * ratio, 3 * ratio]);
  for (const { time, severity } of paint.marks()) {
    const x = Math.round(plot.valToPos(time, "x", true)) + 0.5;
    ctx.strokeStyle = paint.colour(SEVERITY_COLOURS[severity], severity === "info" ? 0.5 : 0.9);
    across(ctx, x, bbox.top, x, bbox.top + bbox.height);
  }
  ctx.setLineDash([8 * ratio, 4 * ratio]);
  ctx.font = paint.font.replace(/[\d.]+px/, (size) => `${parseFloat(size) * ratio}px`);
  // At the left: before something happens, values are far from their thresholds.
  ctx.textAlign = "left";
  for (const { value, name } of pane.levels ?? []) {
    const y = Math.round(plot.valToPos(value, "y", true)) + 0.5;
    ctx.strokeStyle = ctx.fillStyle = paint.colour("bad");
    across(ctx, bbox.left, y, bbox.left + bbox.width, y);
    // Below its line where there is no room above.
    const above = y - bbox.top > 18 * ratio;
    ctx.textBaseline = above ? "bottom" : "top";
    ctx.fillText(name, bbox.left + 4 * ratio, y + (above ? -2 : 3) * ratio);
  }
  ctx.restore();
}

function across(ctx: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

const isMidnight = (date: Date): boolean => date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
