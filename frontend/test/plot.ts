/** A uPlot for tests: it keeps what it is given, and a test moves its cursor. */

import type uPlot from "uplot";

/** In place of uPlot, which needs a canvas: a plot of 1000 px. */
export class FakePlot {
  static all: FakePlot[] = [];
  static pxRatio = 1;
  static paths = { stepped: () => "stepped", linear: () => "linear" };
  static tzDate = (date: Date): Date => date;

  data: unknown[] = [];
  scale: { min: number; max: number } = { min: 0, max: 1 };
  cursor: { left: number } = { left: -10 };
  select = { left: 0, width: 0 };
  destroyed = false;
  width = 0;
  height = 0;

  constructor(
    readonly options: uPlot.Options,
    _data: unknown,
    readonly target: HTMLElement,
  ) {
    FakePlot.all.push(this);
  }
  batch(work: () => void): void {
    work();
  }
  setSize({ width, height }: { width: number; height: number }): void {
    [this.width, this.height] = [width, height];
  }
  setData(data: unknown[]): void {
    this.data = data;
  }
  setScale(_: string, scale: { min: number; max: number }): void {
    this.scale = scale;
  }
  setCursor({ left }: { left: number }): void {
    this.cursor = { left };
    // As the real one does, whoever moved it.
    this.options.hooks?.setCursor?.forEach((hook) => hook?.(this as unknown as uPlot));
  }
  setSelect(select: { left: number; width: number }): void {
    this.select = select;
  }
  posToVal(left: number): number {
    return this.scale.min + (left / 1000) * (this.scale.max - this.scale.min);
  }
  valToPos(value: number): number {
    return (1000 * (value - this.scale.min)) / (this.scale.max - this.scale.min);
  }
  destroy(): void {
    this.destroyed = true;
  }
  hook(name: "setCursor" | "setSelect"): void {
    this.options.hooks?.[name]?.forEach((hook) => hook?.(this as unknown as uPlot));
  }
}
