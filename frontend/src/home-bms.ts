/** The module that Home Assistant loads: defines every card and the dashboard. */

import { define } from "./define";

define();
