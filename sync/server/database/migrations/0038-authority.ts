import { statements } from './statements.ts';

/**
 * Until when people and kiosks belonged to a site that they have left: attendance from before still counts, whenever it
 * arrives. `site` is the scope of changes/scope.ts. And which people kiosks no longer have, since one of them deleted them,
 * while the request for erasure can still be undone.
 */
export const authority = statements([
  `create table person_site_past (
     person uuid not null,
     site uuid not null,
     until timestamptz not null,
     primary key (person, site))`,
  `create table device_site_past (
     device uuid not null references device (id),
     site uuid not null,
     until timestamptz not null,
     primary key (device, site))`,
  `alter table erasure add column off_kiosks boolean not null default false`,
]);
