import { ExactGallery } from './gallery.ts';
import type { KernelKind } from './kernel/kernel.ts';

export type { ExactGallery } from './gallery.ts';

/**
 * An empty gallery.
 * @param kernel the kind of inner loop, for tests and benches; by default the fastest that this machine runs
 */
export function createGallery(kernel?: KernelKind): ExactGallery {
  return new ExactGallery(kernel);
}
