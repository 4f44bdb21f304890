import { runCoreProcess } from '../../../electron/core/serving/core-process.ts';
import { utilityLink } from '../../../electron/host-electron/utility-link.ts';
import { startTestCore } from './test-core.ts';

/** The core process of the Electron host's own tests. */
runCoreProcess(utilityLink(process.parentPort), startTestCore);
