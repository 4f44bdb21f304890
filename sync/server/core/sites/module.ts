import type { ServerModule } from '../../platform/server-module.ts';

export const sites: ServerModule = {
  tables: {
    site: { notPersonal: 'places' },
    site_policy: { notPersonal: 'settings of places' },
    site_policy_change: { notPersonal: 'settings of places' },
    site_change: { notPersonal: 'settings of places' },
  },
};
