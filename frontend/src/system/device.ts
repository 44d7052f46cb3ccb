/** Leads from a box to the page of its device. */

import { html, type TemplateResult } from "lit";

import type { HomeAssistant } from "../hass";

/** The name of a device, a link where it has a page and the user may see it. */
export function deviceName(hass: HomeAssistant, name: string, deviceId: string): TemplateResult {
  if (!hass.user?.is_admin || !deviceId) return html`<h3>${name}</h3>`;
  const path = `/config/devices/device/${deviceId}`;
  const follow = (event: MouseEvent): void => {
    // With a key held the browser opens a tab of its own.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, "", path);
    window.dispatchEvent(new CustomEvent("location-changed", { detail: { replace: false } }));
  };
  return html`<h3><a href=${path} @click=${follow}>${name}<span class="more" aria-hidden="true">›</span></a></h3>`;
}
