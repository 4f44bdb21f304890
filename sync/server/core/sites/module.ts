import type { ServerModule } from '../../platform/server-module.ts';
import { siteRoutes } from './routes.ts';

export const sites: ServerModule = {
  endpoints: siteRoutes,
  tables: {
    site: { notPersonal: 'places' },
    site_policy: { notPersonal: 'settings of places' },
    site_policy_change: { notPersonal: 'settings of places' },
    site_change: { notPersonal: 'settings of places' },
  },
};
