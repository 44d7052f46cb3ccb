/** Pans with one finger and zooms with two. */

import { panned, zoomed } from "./zoom";
import type { Range } from "./points";

/** Follows the fingers on a chart; a mouse is left to the chart itself. */
export class Fingers {
  readonly #down = new Map<number, number>();

  constructor(private readonly ask: (range: Range) => void) {}

  /** Take a pointer event over a chart of so many px from `left` on, which shows `range`. */
  take(event: PointerEvent, range: Range, pixels: number, left: number): void {
    if (event.pointerType === "mouse" || pixels <= 0) return;
    const { pointerId: finger, clientX: x } = event;
    if (event.type === "pointerdown") this.#down.set(finger, x);
    else if (event.type !== "pointermove") this.#down.delete(finger);
    const before = this.#down.get(finger);
    if (event.type !== "pointermove" || before === undefined || before === x) return;
    const other = [...this.#down].find(([id]) => id !== finger)?.[1];
    this.#down.set(finger, x);
    if (other === undefined) {
      this.ask(panned(range, (before - x) / pixels));
      return;
    }
    // What was between the fingers stays between them; closer than a finger's width nothing can be told.
    const [was, is] = [Math.max(24, Math.abs(before - other)), Math.max(24, Math.abs(x - other))];
    if (was !== is) this.ask(zoomed(range, was / is, Math.min(1, Math.max(0, (other - left) / pixels))));
  }
}
