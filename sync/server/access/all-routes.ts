import { jobRoutes } from '../jobs/routes.ts';
import { liveRoutes } from '../live/routes.ts';
import type { RouteSpec } from './route.ts';
import { sessionRoutes } from './routes.ts';

/** Every route of the people listener. Add yours here: one import and one line. */
export const ALL_ROUTES: readonly RouteSpec[] = [...sessionRoutes, ...liveRoutes, ...jobRoutes];
