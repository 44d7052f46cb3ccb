/** Colours, sizes and shapes that all cards share, on top of the theme's variables. */

import { css } from "lit";

/**
 * Colours that people with any kind of colour vision tell apart (Okabe and Ito, 2008), darkened or lightened by the theme.
 * No meaning is carried by a colour alone: a shape, a hatch or a word goes with it.
 */
export const shared = css`
  :host {
    --bms-charge: light-dark(#0072b2, #56b4e9);
    --bms-discharge: light-dark(#a85000, #e69f00);
    --bms-good: light-dark(#00745a, #2fc79b);
    --bms-warn: light-dark(#8f5f00, #f0c24b);
    --bms-bad: light-dark(#b3261e, #ff8a7d);
    --bms-line: var(--divider-color, #8884);
    --bms-text: var(--primary-text-color, #212121);
    --bms-quiet: var(--secondary-text-color, #5e5e5e);
    display: block;
    color: var(--bms-text);
    color-scheme: light;
    container-type: inline-size;
    font-variant-numeric: tabular-nums;
  }
  :host([dark]) {
    color-scheme: dark;
  }
  ha-card {
    display: flex;
    flex-direction: column;
    height: 100%;
    box-sizing: border-box;
    overflow: hidden;
  }
  .body {
    padding: 12px 16px 16px;
    display: flex;
    flex-direction: column;
    gap: 12px;
  }
  h2,
  h3 {
    margin: 0;
    font-weight: 500;
    line-height: 1.3;
  }
  h2 {
    font-size: 1.25rem;
  }
  h3 {
    font-size: 1rem;
  }
  .quiet {
    color: var(--bms-quiet);
  }
  .note {
    padding: 24px 16px;
    text-align: center;
    color: var(--bms-quiet);
  }
  .hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  button {
    font: inherit;
    color: inherit;
    background: none;
    border: 1px solid var(--bms-line);
    border-radius: 8px;
    padding: 6px 12px;
    min-height: 36px;
    cursor: pointer;
  }
  button[aria-pressed="true"],
  button[aria-selected="true"] {
    border-color: currentColor;
    font-weight: 500;
  }
  :focus-visible {
    outline: 2px solid var(--primary-color, #03a9f4);
    outline-offset: 2px;
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      animation: none !important;
      transition: none !important;
    }
  }
`;
