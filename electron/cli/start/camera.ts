import { readdirSync } from 'node:fs';

export const hasDisplay = (): boolean => Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

export function hasCamera(): boolean {
  try {
    return readdirSync('/dev').some((name) => /^video\d+$/.test(name));
  } catch {
    return process.platform !== 'linux'; // no /dev here: let the browser find out
  }
}
