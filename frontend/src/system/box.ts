/** How the boxes of the flow look. */

import { css } from "lit";

export const boxStyle = css`
  ul {
    list-style: none;
    margin: 0;
    padding: 0;
  }
  .row {
    display: grid;
    grid-template-columns: 28px minmax(0, 1fr);
    gap: 4px;
  }
  .box {
    border: 1px solid var(--bms-line);
    border-radius: 10px;
    padding: 10px 12px;
    display: grid;
    gap: 4px;
    align-content: center;
    overflow-wrap: anywhere;
    min-width: 0;
  }
  .limiting {
    border: 2px solid var(--bms-text);
    padding: 9px 11px;
  }
  .away {
    border-style: dashed;
  }
  .head {
    display: flex;
    justify-content: space-between;
    align-items: baseline;
    gap: 4px 12px;
    flex-wrap: wrap;
  }
  .soc {
    font-size: 1.25rem;
    font-weight: 500;
    white-space: nowrap;
  }
  .small {
    font-size: 0.875rem;
  }
  .what {
    color: var(--bms-quiet);
  }
  a {
    color: inherit;
    text-decoration: none;
    display: inline-block;
    min-height: 24px;
  }
  a:hover {
    text-decoration: underline;
  }
  .more {
    color: var(--bms-quiet);
    margin-inline-start: 6px;
  }
  .level,
  .state {
    display: flex;
    gap: 6px;
    align-items: center;
  }
  .level ha-icon,
  .state ha-icon {
    --mdc-icon-size: 20px;
    flex: none;
  }
  .protect,
  .trip {
    color: var(--bms-bad);
  }
  .warn,
  .derate {
    color: var(--bms-warn);
  }
  .mark {
    font-weight: 500;
    display: grid;
    gap: 2px;
  }
  .mark svg {
    width: 18px;
    height: 18px;
    vertical-align: -4px;
    fill: currentColor;
  }
`;
