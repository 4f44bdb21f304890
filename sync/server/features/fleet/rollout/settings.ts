import { Path } from '../../../platform/variables.ts';

/** Variables of the environment that are about updates; merged into the server's one schema (config.ts). */
export const updateVariables = {
  /** Folder with the TUF repository of builds, as `release publish` writes it. Unset: this server gives out no updates. */
  SMARTPRESENCE_UPDATES: Path.optional(),
};
