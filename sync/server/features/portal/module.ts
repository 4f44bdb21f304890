import type { ServerModule } from '../../platform/server-module.ts';
import { portalRoutes } from './routes.ts';

export const portal: ServerModule = {
  endpoints: portalRoutes,
};
