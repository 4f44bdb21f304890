import { fileURLToPath } from 'node:url';

/** Where the prepare step puts this source tree's weights. */
export const DEFAULT_WEIGHTS = fileURLToPath(new URL('../../dist/models/weights/', import.meta.url));
