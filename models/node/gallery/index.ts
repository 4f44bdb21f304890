import { ExactGallery } from './gallery.ts';
import type { KernelKind } from './kernel/kernel.ts';

export type { ExactGallery } from './gallery.ts';

/**
 * An empty gallery.
 * @param length values of an embedding, 1 to 512; by default those of the embedder that ships
 * @param kernel the kind of inner loop, for tests and benches; by default the fastest that this machine runs
 */
export function createGallery(length?: number, kernel?: KernelKind): ExactGallery {
  return new ExactGallery(length, kernel);
}
