import { fileURLToPath } from 'node:url';

/** Where the prepare step puts the weights of this source tree. */
export const DEFAULT_WEIGHTS = fileURLToPath(new URL('../../dist/models/weights/', import.meta.url));
